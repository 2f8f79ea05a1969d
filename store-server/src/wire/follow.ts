import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from '@pawprint/protocol'
import type { Store } from '../service/context.ts'
import type { Socket } from './socket.ts'

/** Follows the log and the curves of one job for one page. */
export interface Follow {
  end(): void
}

/** The records from the front that fit into one batch, at least one, as JSON. */
export function takeBatch(records: readonly unknown[]): string[] {
  const texts: string[] = []
  let bytes = 0
  for (const record of records) {
    const text = JSON.stringify(record)
    bytes += text.length
    if (texts.length > 0 && bytes > MAX_BATCH_BYTES) break
    texts.push(text)
  }
  return texts
}

interface Cursor {
  /** Last numbers that were sent. */
  log: number
  metric: number
}

/** Sends one batch of each after the cursors; true when there was more than that. */
async function sendBatch(store: Store, socket: Socket, job: string, cursor: Cursor, isOver: () => boolean) {
  const lines = await store.jobLog.lines(job, cursor.log, MAX_BATCH_RECORDS)
  const points = await store.jobLog.points(job, cursor.metric, MAX_BATCH_RECORDS)
  if (isOver()) return false
  const send = (type: 'log' | 'metrics', key: 'lines' | 'points', records: readonly { readonly seq: number }[]) => {
    const texts = takeBatch(records)
    if (texts.length > 0) socket.send(`{"type":"${type}","job":${JSON.stringify(job)},"${key}":[${texts.join(',')}]}`)
    return records[texts.length - 1]?.seq
  }
  cursor.log = send('log', 'lines', lines) ?? cursor.log
  cursor.metric = send('metrics', 'points', points) ?? cursor.metric
  const isRest = (records: readonly { readonly seq: number }[], sent: number) =>
    records.length === MAX_BATCH_RECORDS || (records.at(-1)?.seq ?? 0) > sent
  return isRest(lines, cursor.log) || isRest(points, cursor.metric)
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
  const unfollow = store.hub.followRecords(job, wake)
  run()
  return {
    end() {
      over = true
      unfollow()
      if (timer) clearTimeout(timer)
    },
  }
}
