/** How long one call of the runtime should take: reports and stopping wait for its end. */
const CALL_MS = 100
/** Most steps in one call, so that masks and row numbers stay small. */
const MAX_STEPS_PER_CALL = 512

/** Whole batches, and then one smaller batch of what is left: every sample is used once. */
export function splitOrder(order: Int32Array, batchSize: number): { rows: Int32Array; size: number }[] {
  const rest = order.length % batchSize
  const parts = [
    { rows: order.subarray(0, order.length - rest), size: batchSize },
    { rows: order.subarray(order.length - rest), size: rest },
  ]
  return parts.filter(({ rows }) => rows.length > 0)
}

/** Yields rows for some steps at a time, as many as take about CALL_MS; the time between two yields is that of the steps. */
export function* pieces(rows: Int32Array, size: number): Generator<Int32Array> {
  let perCall = 1
  for (let start = 0; start < rows.length; ) {
    const taken = rows.subarray(start, start + perCall * size)
    const startedMs = performance.now()
    yield taken
    const msPerStep = (performance.now() - startedMs) / (taken.length / size)
    start += taken.length
    perCall = Math.min(MAX_STEPS_PER_CALL, Math.max(1, Math.round(CALL_MS / msPerStep)))
  }
}
