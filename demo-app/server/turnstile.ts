import { DemoError } from './error.ts'

export interface Turnstile {
  /** Runs `work` when it is its turn. Throws DemoError E_BUSY at once when too many wait already. */
  pass<T>(work: () => Promise<T>): Promise<T>
}

/** At most `running` at once, in order of arrival, and at most `waiting` behind them: memory stays bounded whoever comes. */
export function createTurnstile(running: number, waiting: number): Turnstile {
  let busy = 0
  const queue: (() => void)[] = []
  return {
    async pass(work) {
      if (busy < running) busy++
      else {
        if (queue.length >= waiting)
          throw new DemoError('E_BUSY', 'demo', `at most ${running + waiting} pictures at once`, 'one more')
        // Whoever leaves hands the place on, so `busy` stays as it is.
        await new Promise<void>((resolve) => queue.push(resolve))
      }
      try {
        return await work()
      } finally {
        const next = queue.shift()
        if (next) next()
        else busy--
      }
    },
  }
}
