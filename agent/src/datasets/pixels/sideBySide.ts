import { availableParallelism } from 'node:os'

const MAX_AT_ONCE = 16

/**
 * Runs `work` for 0 … count - 1, beginning in that order, some at a time: as many as there are cores, and two more, which read
 * while others compute. So no more than that lies in memory. After an error no more is begun; it rejects with that error when
 * all that was begun has ended.
 */
export async function sideBySide(count: number, work: (index: number) => Promise<void>): Promise<void> {
  const atOnce = Math.min(MAX_AT_ONCE, availableParallelism() + 2)
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  const stopAll = (error: unknown): never => {
    next = count
    throw error
  }
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, () => lane().catch(stopAll)))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}
