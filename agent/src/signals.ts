import type { Agent } from './types.ts'

/**
 * Jupyter also interrupts a kernel right before it asks it to end. So the trials are stopped a moment later: those of a kernel that
 * is restarted are for the next one to go on with.
 */
const INTERRUPT_GRACE_MS = 1000

/**
 * Says goodbye when the process is about to end: at SIGTERM, and when nothing is left to do. SIGINT is such an end too, but not
 * in a kernel: there it means "interrupt", so the trials under way are stopped, and the kernel goes on. Returns how to give that up.
 */
export function followSignals(agent: Agent, { inKernel }: { readonly inKernel: boolean }): () => void {
  const ends: NodeJS.Signals[] = inKernel ? ['SIGTERM'] : ['SIGTERM', 'SIGINT']
  let interrupt: NodeJS.Timeout | undefined
  const onEnd = (signal: NodeJS.Signals): void => {
    clearTimeout(interrupt)
    // The signal then does what it would have done; a second one does not wait.
    void agent.close().finally(() => {
      process.kill(process.pid, signal)
    })
  }
  const onInterrupt = (): void => {
    clearTimeout(interrupt)
    interrupt = setTimeout(() => void agent.stop(), INTERRUPT_GRACE_MS).unref()
  }
  const onEmpty = (): void => void agent.close()
  for (const signal of ends) process.once(signal, onEnd)
  // Not now: while a cell's own code runs, Node sets the listeners of SIGINT aside, and with a new one it forgets them all.
  const later = inKernel ? setImmediate(() => process.on('SIGINT', onInterrupt)) : undefined
  process.once('beforeExit', onEmpty)
  return () => {
    clearTimeout(interrupt)
    clearImmediate(later)
    for (const signal of ends) process.off(signal, onEnd)
    process.off('SIGINT', onInterrupt)
    process.off('beforeExit', onEmpty)
  }
}
