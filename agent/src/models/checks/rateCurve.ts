/** Loss above this many times the lowest so far: the rate is too high, and what follows says nothing. */
const EXPLODED = 4
/** Weight of what was, in the mean that explosions are seen in: one bad batch is none. */
const MEMORY = 0.8
/** Standard deviation of the smoothing, as a share of all steps. */
const WIDTH = 0.03
/** A fall that is smaller, as a share of the first loss, is noise. */
const LEAST_FALL = 0.02

/** How many of the losses come before the explosion; all of them without one. */
export function beforeExplosion(losses: ArrayLike<number>): number {
  let [mean, best] = [losses[0] ?? 0, Number.POSITIVE_INFINITY]
  for (let i = 0; i < losses.length; i++) {
    mean = MEMORY * mean + (1 - MEMORY) * (losses[i] ?? 0)
    if (!Number.isFinite(mean) || mean > EXPLODED * best) return i
    best = Math.min(best, mean)
  }
  return losses.length
}

/** Losses without the noise of single batches: a Gaussian mean over neighbours to both sides, so that nothing is shifted. */
export function smooth(losses: readonly number[], steps: number): number[] {
  const sigma = Math.max(1, WIDTH * steps)
  return losses.map((_, center) => {
    let [sum, total] = [0, 0]
    for (const [i, loss] of losses.entries()) {
      const weight = Math.exp(-0.5 * ((i - center) / sigma) ** 2)
      sum += weight * loss
      total += weight
    }
    return sum / total
  })
}

/**
 * The rate where the smoothed loss falls most steeply, per factor of the rate, on the way to its lowest point; null where it does not
 * fall.
 */
export function steepestRate(rates: readonly number[], smoothed: readonly number[]): number | null {
  const lowest = smoothed.indexOf(Math.min(...smoothed))
  const [first = 0] = smoothed
  if (lowest < 1 || first - (smoothed[lowest] ?? first) < LEAST_FALL * Math.abs(first)) return null
  let [place, steepest] = [-1, 0]
  for (let i = 1; i <= lowest; i++) {
    const [before, after] = [i - 1, Math.min(i + 1, lowest)]
    const fall = (smoothed[before] ?? 0) - (smoothed[after] ?? 0)
    const slope = fall / Math.log((rates[after] ?? 1) / (rates[before] ?? 1))
    if (slope > steepest) [place, steepest] = [i, slope]
  }
  return rates[place] ?? null
}
