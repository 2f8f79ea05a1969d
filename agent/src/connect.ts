import { availableParallelism, hostname } from 'node:os'
import { nanoid } from 'nanoid'
import { type OpenAgent, openAgent } from './agent.ts'
import { isFinalError } from './errors.ts'
import { createKeepAlive } from './keepAlive.ts'
import { followSignals } from './signals.ts'
import { TIMES } from './times.ts'
import type { Agent, ConnectOptions } from './types.ts'
import { isInKernel, openScreen } from './view/places.ts'
import { findStore } from './wire/token.ts'

// One agent per store and kernel: a cell that is run again gets the agent it had, with the trials that are under way.
const open = new Map<string, OpenAgent>()

/**
 * Connects this kernel to a store, for example `ws://127.0.0.1:3001`, and resolves when the store has let it in. Waits for a
 * store that is not there yet. Throws AgentError E_URL, E_TOKEN, E_CERTIFICATE, or E_REFUSED (wrong token,
 * scope or version).
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Agent> {
  const address = findStore(url, { option: options.token, env: process.env, cwd: process.cwd() })
  const key = `${address.socketUrl} ${address.token}`
  const known = open.get(key)
  if (known !== undefined) {
    await known.welcomed
    return known.agent
  }
  const inKernel = isInKernel()
  const cores = availableParallelism()
  const forget = (): void => {
    open.delete(key)
    release()
  }
  const fresh = openAgent({
    address,
    identity: { instance: nanoid(), host: hostname(), pid: process.pid, cores, slots: cores },
    times: TIMES,
    nextId: nanoid,
    wallMs: Date.now,
    nowMs: () => performance.now(),
    random: Math.random,
    later(run, ms) {
      const timer = setTimeout(run, ms).unref()
      return () => clearTimeout(timer)
    },
    isAlive,
    print: (line) => process.stdout.write(`${line}\n`),
    openScreen: ({ progress }, heading, board) => openScreen(progress, heading, board),
    keepAlive: createKeepAlive(),
    ownsProcess: !inKernel,
    // A runner that started the kernel ends it when nothing serves any more.
    kernelStays: inKernel && process.send === undefined,
    exitAfterIdle: process.env.PAWPRINT_EXIT_AFTER_IDLE || undefined,
    onServing(state, error) {
      if (state === 'closed') forget()
      tellRunner(state, error !== undefined && isFinalError(error) ? error.message : undefined)
    },
  })
  const release = followSignals(fresh.agent, { inKernel })
  open.set(key, fresh)
  await fresh.welcomed
  return fresh.agent
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only asks.
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

// A runner that started this kernel with a channel of its own is told when the notebook serves, and so keeps it alive.
function tellRunner(state: 'serving' | 'closed', error: string | undefined): void {
  process.send?.({ type: `pawprint:${state}`, ...(error === undefined ? {} : { error }) })
}
