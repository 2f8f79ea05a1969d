/** What an agent may send at once: about 50,000 log lines, all that it keeps for a store that was out of reach. */
export const BURST_BYTES = 8 * 1024 * 1024
/** And in each second from then on: several thousand lines. */
export const BYTES_PER_SECOND = 1024 * 1024

export interface Budget {
  readonly burstBytes: number
  readonly bytesPerSecond: number
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number
}

/**
 * How fast one agent may send, as a token bucket: answers, for each message, how many milliseconds to wait before the next one is
 * read. One that floods is slowed in this way, and nobody beside it.
 */
export function createBudget({ burstBytes, bytesPerSecond, nowMs }: Budget): (sizeBytes: number) => number {
  let left = burstBytes
  let atMs = nowMs()
  return (sizeBytes) => {
    const now = nowMs()
    left = Math.min(burstBytes, left + ((now - atMs) / 1000) * bytesPerSecond) - sizeBytes
    atMs = now
    return left >= 0 ? 0 : Math.ceil((-left / bytesPerSecond) * 1000)
  }
}
