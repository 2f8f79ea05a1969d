import { isFinal } from '@pawprint/protocol'
import type { JobRecord } from './records.ts'
import { compareInQueue } from './scheduler.ts'
import { createShelf, type Shelf } from './shelf.ts'

/** All jobs. What happens all the time looks at one queue only: a store may hold ten thousand finished jobs. */
export interface Jobs extends Shelf<JobRecord> {
  /** Unfinished jobs of one notebook in the order they run, as they are until the next change. */
  queue(notebook: string): readonly JobRecord[]
  /** The job that this launch request made. */
  ofRequest(requestId: string): JobRecord | undefined
}

function createQueues() {
  const queues = new Map<string, JobRecord[]>()
  const take = (record: JobRecord) => {
    const queue = queues.get(record.job.notebook) ?? []
    const at = queue.indexOf(record)
    if (at >= 0) queue.splice(at, 1)
    if (queue.length === 0) queues.delete(record.job.notebook)
  }
  const put = (record: JobRecord) => {
    const queue = queues.get(record.job.notebook) ?? []
    queues.set(record.job.notebook, queue)
    const last = queue.findLastIndex((other) => compareInQueue(other, record) <= 0)
    queue.splice(last + 1, 0, record)
  }
  const replace = (before: JobRecord, record: JobRecord) => {
    const queue = queues.get(record.job.notebook) ?? []
    queue[queue.indexOf(before)] = record
  }
  return {
    of: (notebook: string): readonly JobRecord[] => queues.get(notebook) ?? [],
    clear: () => queues.clear(),
    change(before: JobRecord | undefined, record: JobRecord | undefined) {
      const was = before && !isFinal(before.job.state) ? before : undefined
      const is = record && !isFinal(record.job.state) ? record : undefined
      // Progress and log lines, many times a second: the place stays.
      if (was && is && compareInQueue(was, is) === 0) return replace(was, is)
      if (was) take(was)
      if (is) put(is)
    },
  }
}

export function createJobs(): Jobs {
  const shelf = createShelf<JobRecord>(({ job }) => job.number)
  const queues = createQueues()
  const requests = new Map<string, string>()
  return {
    ...shelf,
    get size() {
      return shelf.size
    },
    set(id, record) {
      queues.change(shelf.get(id), record)
      if (record.requestId !== null) requests.set(record.requestId, id)
      shelf.set(id, record)
    },
    delete(id) {
      const before = shelf.get(id)
      queues.change(before, undefined)
      if (before && before.requestId !== null) requests.delete(before.requestId)
      shelf.delete(id)
    },
    clear() {
      queues.clear()
      requests.clear()
      shelf.clear()
    },
    queue: queues.of,
    ofRequest: (requestId) => shelf.get(requests.get(requestId) ?? ''),
  }
}
