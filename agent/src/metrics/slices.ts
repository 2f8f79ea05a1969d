/** Longest that work on the main thread goes on before others get their turn, in milliseconds. Frames are 16 ms. */
const SLICE_MS = 12

/** Called between pieces of a long computation: gives way to the event loop when the slice is over. */
export type GiveWay = () => Promise<void>

/** The kernel stays responsive: steps of other trials, its socket and its screen get their turn. */
export function startSlices(nowMs: () => number = () => performance.now()): GiveWay {
  let startedMs = nowMs()
  return async () => {
    if (nowMs() - startedMs < SLICE_MS) return
    await new Promise((resolve) => setImmediate(resolve))
    startedMs = nowMs()
  }
}
