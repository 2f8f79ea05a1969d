import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS, type ToPage } from '@pawprint/protocol'
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

interface Cursor {
  /** Last numbers that were sent. */
  log: number
  metric: number
}

/** Sends one batch of each after the cursors; true when there may be more. */
async function sendBatch(store: Store, socket: Socket, job: string, cursor: Cursor, isOver: () => boolean) {
  const send = (message: ToPage) => socket.send(JSON.stringify(message))
  const lines = takeBatch(await store.jobLog.lines(job, cursor.log, MAX_BATCH_RECORDS))
  const points = takeBatch(await store.jobLog.points(job, cursor.metric, MAX_BATCH_RECORDS))
  if (isOver()) return false
  if (lines.length > 0) send({ type: 'log', job, lines: [...lines] })
  if (points.length > 0) send({ type: 'metrics', job, points: [...points] })
  cursor.log = lines.at(-1)?.seq ?? cursor.log
  cursor.metric = points.at(-1)?.seq ?? cursor.metric
  return lines.length + points.length > 0
}

/**
 * Sends what lies after the cursors, oldest first, then what is added, once and in order, in batches of at most 256 records and
 * 64 KiB. Waits while the page is not ready (pace.ts).
 */
export function follow(
  store: Store,
  socket: Socket,
  isReady: () => boolean,
  job: string,
  after: Readonly<Cursor>,
): Follow {
  const cursor = { ...after }
  let timer: NodeJS.Timeout | null = null
  let pumping = false
  let over = false

  const wake = () => {
    if (over || timer) return
    timer = setTimeout(() => {
      timer = null
      run()
    }, store.times.batchWaitMs)
  }
  const pump = async () => {
    for (let more = true; more && !over; ) {
      if (!isReady()) return wake()
      more = await sendBatch(store, socket, job, cursor, () => over)
    }
  }
  const run = () => {
    // What comes during a round is found by the next one.
    if (pumping) return wake()
    pumping = true
    pump()
      .catch((error: unknown) => store.world.report(`log of job ${job}: ${String(error)}`))
      .finally(() => {
        pumping = false
      })
  }
  run()
  return {
    wake,
    end() {
      over = true
      if (timer) clearTimeout(timer)
    },
  }
}
