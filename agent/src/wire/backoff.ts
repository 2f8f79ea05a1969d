/** First and longest wait before another try, in milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

export const RECONNECT: Backoff = { firstMs: 500, maxMs: 30_000 }

/**
 * How long to wait before try `attempt` (from 0): full jitter, so that a thousand agents do not return in one instant.
 * `chance` is drawn from [0, 1). Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function backoffMs({ firstMs, maxMs }: Backoff, attempt: number, chance: number): number {
  return Math.floor(chance * Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30)))
}
