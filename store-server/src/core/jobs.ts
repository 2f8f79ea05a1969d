import { isFinal, type Sha1 } from '@pawprint/protocol'
import type { JobRecord } from './records.ts'
import { compareInQueue } from './scheduler.ts'
import { createShelf, type Shelf } from './shelf.ts'

/** What is to be known of a job that is packed. */
export interface JobSummary {
  readonly number: number
  readonly requestId: string | null
  readonly isFinal: boolean
  /** Blobs that its trials may go on from. */
  readonly checkpoints: readonly Sha1[]
}

const blobsOf = ({ checkpoints }: JobRecord): Sha1[] => checkpoints.flatMap((checkpoint) => checkpoint?.sha1 ?? [])

export const summaryOfJob = (record: JobRecord): JobSummary => ({
  number: record.job.number,
  requestId: record.requestId,
  isFinal: isFinal(record.job.state),
  checkpoints: blobsOf(record),
})

/** All jobs. What happens all the time looks at one queue only: a store may hold ten thousand finished jobs. */
export interface Jobs extends Omit<Shelf<JobRecord>, 'lay'> {
  /** A finished job that is unpacked when it is first asked for. */
  lay(id: string, summary: JobSummary, packed: Uint8Array): void
  /** All that have not finished. */
  unfinished(): JobRecord[]
  /** Unfinished jobs of one notebook in the order they run, as they are until the next change. */
  queue(notebook: string): readonly JobRecord[]
  /** The job that this launch request made. */
  ofRequest(requestId: string): JobRecord | undefined
  /** Every blob that a trial may go on from. */
  checkpoints(): Iterable<Sha1>
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
    all: () => [...queues.values()].flat(),
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

export function createJobs(unpack: (packed: Uint8Array) => JobRecord): Jobs {
  const shelf = createShelf<JobRecord>({ numberOf: ({ job }) => job.number, unpack })
  const queues = createQueues()
  const requests = new Map<string, string>()
  const blobs = new Map<string, readonly Sha1[]>()
  const noteBlobs = (id: string, sha1s: readonly Sha1[]) => {
    if (sha1s.length > 0) blobs.set(id, sha1s)
    else blobs.delete(id)
  }
  return {
    ...shelf,
    get size() {
      return shelf.size
    },
    set(id, record) {
      const before = shelf.get(id)
      queues.change(before, record)
      if (before?.checkpoints !== record.checkpoints) noteBlobs(id, blobsOf(record))
      if (record.requestId !== null) requests.set(record.requestId, id)
      shelf.set(id, record)
    },
    lay(id, { number, requestId, checkpoints }, packed) {
      noteBlobs(id, checkpoints)
      if (requestId !== null) requests.set(requestId, id)
      shelf.lay(id, number, packed)
    },
    delete(id) {
      const before = shelf.get(id)
      queues.change(before, undefined)
      if (before && before.requestId !== null) requests.delete(before.requestId)
      blobs.delete(id)
      shelf.delete(id)
    },
    clear() {
      queues.clear()
      requests.clear()
      blobs.clear()
      shelf.clear()
    },
    queue: queues.of,
    unfinished: queues.all,
    *checkpoints() {
      for (const sha1s of blobs.values()) yield* sha1s
    },
    ofRequest: (requestId) => shelf.get(requests.get(requestId) ?? ''),
  }
}
