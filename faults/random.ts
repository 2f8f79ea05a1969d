import { randomInt } from 'node:crypto'

/** Chance that a seed decides: the same seed, the same story. */
export interface Random {
  readonly seed: number
  /** An integer from `min` to `max`, both included. */
  int(min: number, max: number): number
  /** True this often, 0 to 1. */
  chance(share: number): boolean
  pick<T>(items: readonly T[]): T
}

/** mulberry32: 32 bits of state are enough for a test, and fit a command line. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  return {
    seed,
    int,
    chance: (share) => next() < share,
    pick(items) {
      const item = items[int(0, items.length - 1)]
      if (item === undefined) throw new RangeError('expected something to pick from, got nothing')
      return item
    },
  }
}

const MAX_SEED = 2 ** 31

/** PAWPRINT_SEED, else a new one for each run of a file. */
export const SEED = Number(process.env.PAWPRINT_SEED ?? randomInt(MAX_SEED))

type Size = 'short' | 'suite' | 'long'
const isSize = (text: string): text is Size => ['short', 'suite', 'long'].includes(text)

/** How much is tried: `short` in `npm test`, `suite` in `npm run test:faults`, `long` with its `--long`. */
export function sizeOf(sizes: Readonly<Record<Size, number>>): number {
  const wanted = process.env.PAWPRINT_FAULTS ?? 'short'
  if (!isSize(wanted)) throw new RangeError(`PAWPRINT_FAULTS: expected short, suite or long, got "${wanted}"`)
  return sizes[wanted]
}

/** Runs a story that chance decides; its failure says how to see it again. */
export async function withSeed<T>(story: (random: Random) => Promise<T>, seed = SEED): Promise<T> {
  try {
    return await story(createRandom(seed))
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new Error(`seed ${seed} (npm run test:faults -- --seed ${seed}): ${text}`, { cause: error })
  }
}
