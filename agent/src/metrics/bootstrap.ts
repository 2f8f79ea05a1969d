import { seededRandom } from '../datasets/random.ts'
import { AgentError } from '../errors.ts'
import { type Counts, MAX_COUNT, type Statistic, valueOnce } from './predictions.ts'
import { startSlices } from './slices.ts'

/** The value of a metric, and where it may be just as well with other images of the same kind. NaN where it is not defined. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface BootstrapOptions {
  /** How often the images are drawn anew; an integer from 1, default 1,000. */
  readonly resamples?: number
  /** How sure: 0 < level < 1, default 0.95. */
  readonly level?: number
  /** Where chance starts; an integer, 0 ≤ seed < 2³², default 0. The same seed gives the same intervals. */
  readonly seed?: number
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * Percentile intervals by the bootstrap (Efron 1979; Efron & Tibshirani 1993, ch. 13): `count` images are drawn with replacement, again
 * and again, and the interval holds the middle `level` of the values so found. All statistics see the same draws. Resamples on which one
 * is not defined do not count for it. Runs on the calling thread, in slices. Throws AgentError E_PREDICTIONS for a wrong option.
 */
export async function bootstrap<Name extends string>(
  count: number,
  statistics: Readonly<Record<Name, Statistic>>,
  options: BootstrapOptions = {},
): Promise<Record<Name, Interval>> {
  const { resamples = 1000, level = 0.95, seed = 0, signal } = options
  requireIn('resamples', resamples, resamples >= 1 && Number.isInteger(resamples), 'an integer from 1')
  requireIn('level', level, level > 0 && level < 1, 'a number between 0 and 1')
  requireIn('count', count, count >= 1 && count <= MAX_COUNT, `1 to ${MAX_COUNT} images`)
  const entries = Object.entries<Statistic>(statistics)
  const found = entries.map(() => new Float64Array(resamples))
  const draw = drawer(count, seed)
  const giveWay = startSlices()
  for (let n = 0; n < resamples; n++) {
    const counts = draw()
    for (const [at, [, statistic]] of entries.entries()) {
      await giveWay()
      signal?.throwIfAborted()
      ;(found[at] as Float64Array)[n] = statistic(counts)
    }
  }
  const intervals: [string, Interval][] = []
  for (const [at, [name, statistic]] of entries.entries()) {
    await giveWay()
    const values = (found[at] ?? new Float64Array()).filter((value) => !Number.isNaN(value)).sort()
    const tail = (1 - level) / 2
    const value = valueOnce(statistic, count)
    intervals.push([name, { value, low: quantile(values, tail), high: quantile(values, 1 - tail) }])
  }
  return Object.fromEntries(intervals) as Record<Name, Interval>
}

/** Draws `count` of `count` images, with replacement. The answer holds until the next draw. */
function drawer(count: number, seed: number): () => Counts {
  const random = seededRandom(seed)
  const counts = new Uint32Array(count)
  return () => {
    counts.fill(0)
    for (let drawn = 0; drawn < count; drawn++) {
      const image = random.below(count)
      counts[image] = (counts[image] ?? 0) + 1
    }
    return counts
  }
}

/** Of sorted values, with straight lines between them (type 7 of Hyndman & Fan 1996; NumPy's default). NaN of none. */
function quantile(sorted: Float64Array, fraction: number): number {
  const place = fraction * (sorted.length - 1)
  const low = sorted[Math.floor(place)] ?? Number.NaN
  const high = sorted[Math.ceil(place)] ?? Number.NaN
  return low + (place - Math.floor(place)) * (high - low)
}

function requireIn(at: string, got: number, holds: boolean, expected: string): void {
  if (!holds) throw new AgentError('E_PREDICTIONS', at, expected, String(got))
}
