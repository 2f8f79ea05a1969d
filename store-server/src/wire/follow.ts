import {
  CLOSE,
  CUT_PAGE_BYTES,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  SLOW_PAGE_BYTES,
  type ToPage,
} from '@pawprint/protocol'
import type { Store } from '../service/context.ts'
import type { Socket } from './socket.ts'

/** Follows the log and the curves of one job for one page. */
export interface Follow {
  /** There may be more. */
  wake(): void
  end(): void
}

/** As many records from the front as fit into one batch, at least one. */
export function takeBatch<T>(records: readonly T[]): readonly T[] {
  let bytes = 0
  const end = records.findIndex((record, i) => {
    bytes += JSON.stringify(record).length
    return i > 0 && bytes > MAX_BATCH_BYTES
  })
  return end === -1 ? records : records.slice(0, end)
}

/**
 * Sends what lies after the cursors, oldest first, then what is added, once and in order, in batches of at most 256 records and
 * 64 KiB. Waits while the page has more than 1 MiB unsent; cuts it above 8 MiB.
 */
export function follow(store: Store, socket: Socket, job: string, afterLog: number, afterMetric: number): Follow {
  const cursor = { log: afterLog, metric: afterMetric }
  let timer: NodeJS.Timeout | null = null
  let pumping = false
  let again = false
  let over = false
  const send = (message: ToPage) => socket.send(JSON.stringify(message))

  /** One batch of each; true when there may be more. */
  async function step(): Promise<boolean> {
    const lines = takeBatch(await store.jobLog.lines(job, cursor.log, MAX_BATCH_RECORDS))
    const points = takeBatch(await store.jobLog.points(job, cursor.metric, MAX_BATCH_RECORDS))
    if (over) return false
    if (lines.length > 0) send({ type: 'log', job, lines: [...lines] })
    if (points.length > 0) send({ type: 'metrics', job, points: [...points] })
    cursor.log = lines.at(-1)?.seq ?? cursor.log
    cursor.metric = points.at(-1)?.seq ?? cursor.metric
    return lines.length + points.length > 0
  }

  async function pump(): Promise<void> {
    if (pumping) {
      again = true
      return
    }
    pumping = true
    try {
      do {
        again = false
        for (let more = true; more && !over; ) {
          if (socket.bufferedBytes() > CUT_PAGE_BYTES)
            return socket.close(CLOSE.tooSlow, 'too slow; follow again with your cursors')
          if (socket.bufferedBytes() > SLOW_PAGE_BYTES) return schedule()
          more = await step()
        }
      } while (again && !over)
    } finally {
      pumping = false
    }
  }

  const schedule = () => {
    if (over || timer) return
    timer = setTimeout(() => {
      timer = null
      run()
    }, store.times.batchWaitMs)
  }
  const run = () => {
    pump().catch((error: unknown) => store.world.report(`log of job ${job}: ${String(error)}`))
  }
  run()
  return {
    wake: schedule,
    end() {
      over = true
      if (timer) clearTimeout(timer)
    },
  }
}
