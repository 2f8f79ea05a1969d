import type { Disk } from './disk.ts'

/** Records of one log that go to the disk together. */
export interface Batch {
  readonly texts: string[]
  /** Number of the last record before the batch, once it is durable. */
  resolve(before: number): void
  reject(error: unknown): void
}

/** One batch for each log that waits. */
export type Round = ReadonlyMap<string, Batch>

interface Waiting extends Batch {
  readonly done: Promise<number>
}

export interface Rounds {
  /** Resolves with the number of the last of `texts` when they are durable. */
  add(name: string, texts: readonly string[]): Promise<number>
  /** Runs a change after all that was added before, and before all that is added later. */
  between<T>(change: () => Promise<T>): Promise<T>
}

function createBatch(): Waiting {
  let resolve: Batch['resolve'] = () => {}
  let reject: Batch['reject'] = () => {}
  const done = new Promise<number>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { texts: [], done, resolve, reject }
}

/**
 * Group commit: while one round is on its way to the disk the next one gathers, so rounds grow with the load. `flush` settles
 * every batch of a round.
 */
export function createRounds(disk: Disk, flush: (round: Round) => Promise<void>): Rounds {
  /** Rounds that have not begun; new records join the last one, unless a change came after it. */
  const waiting = new Set<Map<string, Waiting>>()
  let gathering: Map<string, Waiting> | null = null
  let last: Promise<unknown> = Promise.resolve()

  const inOrder = <T>(change: () => Promise<T>): Promise<T> => {
    const before = last
    const result = disk.run(() => before.then(change))
    last = result.catch(() => {})
    return result
  }
  /** What gathered behind a batch that was not kept continues it, and must not be kept without it even if it fits the disk. */
  const refuseNext = (name: string, error: unknown): void => {
    for (const round of waiting) {
      round.get(name)?.reject(error)
      round.delete(name)
    }
  }
  const begin = (): Map<string, Waiting> => {
    const round = new Map<string, Waiting>()
    waiting.add(round)
    const run = async (): Promise<void> => {
      waiting.delete(round)
      if (gathering === round) gathering = null
      await flush(round)
    }
    // A batch tells its own failure; what ends the whole round is told by each.
    inOrder(run).catch((error: unknown) => {
      for (const { reject } of round.values()) reject(error)
    })
    return round
  }
  return {
    add: async (name, texts) => {
      gathering ??= begin()
      const round = gathering
      const batch = round.get(name) ?? createBatch()
      if (!round.has(name)) {
        round.set(name, batch)
        batch.done.catch((error: unknown) => refuseNext(name, error))
      }
      const place = batch.texts.push(...texts)
      return (await batch.done) + place
    },
    between: (change) => {
      // Records that are added from here on come after it.
      gathering = null
      return inOrder(change)
    },
  }
}
