import type { Agent } from './types.ts'

/**
 * Says goodbye when the process is about to end: at SIGTERM, when nothing is left to do, and at SIGINT where that does not mean
 * "interrupt this cell". Returns how to give that up.
 */
export function sayGoodbyeAtExit(agent: Agent, { withInterrupt }: { readonly withInterrupt: boolean }): () => void {
  const signals: NodeJS.Signals[] = withInterrupt ? ['SIGTERM', 'SIGINT'] : ['SIGTERM']
  const onSignal = (signal: NodeJS.Signals): void => {
    // The signal then does what it would have done; a second one does not wait.
    void agent.close().finally(() => {
      process.kill(process.pid, signal)
    })
  }
  const onEmpty = (): void => void agent.close()
  for (const signal of signals) process.once(signal, onSignal)
  process.once('beforeExit', onEmpty)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
    process.off('beforeExit', onEmpty)
  }
}
