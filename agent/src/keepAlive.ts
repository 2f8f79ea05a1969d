/** Keeps the process running while anybody holds it; sockets and timers of the agent themselves never do. */
export interface KeepAlive {
  hold(): void
  release(): void
}

/** Keeps the process running until the promise is settled. */
export type Hold = <T>(promise: Promise<T>) => Promise<T>

// Longest delay that Node's timers know.
const LONG_MS = 2 ** 31 - 1

/** In a notebook the kernel lives by itself; in plain `node` a serving agent must keep the process. */
export function createKeepAlive(): KeepAlive {
  let holders = 0
  let timer: NodeJS.Timeout | undefined
  return {
    hold() {
      if (holders++ === 0) timer = setInterval(() => undefined, LONG_MS)
    },
    release() {
      if (--holders === 0) clearInterval(timer)
    },
  }
}
