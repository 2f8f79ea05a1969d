import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { RunningStore } from '@pawprint/store-server'

const MAIN = fileURLToPath(new URL('../store-server/dist/main.js', import.meta.url))

export interface StoreEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly err: string
}

/** A store as a process of its own, the one that people start. */
export interface StoreProcess extends RunningStore {
  readonly pid: number
  /** kill -9; harmless when it is dead already. */
  kill(): void
  /** Asks it to end, as Ctrl-C does. */
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<StoreEnd>
}

export interface StoreProcessOptions {
  readonly port?: number
  /** Where it dies or its disk fails, see failpoint.ts. */
  readonly failpoint?: string
  /** A further name under which it may be reached: a proxy's. */
  readonly allowHost?: string
  /** What runs it, before the path of Node: `['strace', …]`. */
  readonly under?: readonly string[]
}

/** Null when it died before it listened. */
export async function startStoreProcess(
  dataDir: string,
  { port = 0, failpoint, allowHost, under = [] }: StoreProcessOptions = {},
): Promise<{ store: StoreProcess | null; ended: Promise<StoreEnd> }> {
  const flags = [
    '--data',
    dataDir,
    '--port',
    `${port}`,
    ...(allowHost === undefined ? [] : ['--allow-host', allowHost]),
  ]
  const [command = process.execPath, ...args] = [...under, process.execPath, MAIN, ...flags]
  const { PAWPRINT_FAILPOINT: _, ...env } = process.env
  const child = spawn(command, args, {
    env: { ...env, ...(failpoint === undefined ? {} : { PAWPRINT_FAILPOINT: failpoint }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const ended = once(child, 'close').then(([code, signal]): StoreEnd => ({ code, signal, err }))
  const ready = new Promise<RegExpExecArray>((resolve) => {
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
      const line = /^Store: (\S+)\/\?token=(\S+)\n/.exec(out)
      if (line !== null) resolve(line)
    })
  })
  const [, url = '', token = ''] = (await Promise.race([ready, ended.then(() => null)])) ?? []
  if (url === '') return { store: null, ended }
  const kill = (): void => void child.kill('SIGKILL')
  const store: StoreProcess = {
    url,
    token,
    port: Number(new URL(url).port),
    agentToken: token,
    viewerToken: token,
    pid: child.pid ?? 0,
    kill,
    signal: (name) => void child.kill(name),
    ended,
    close: async () => {
      kill()
      await ended
    },
  }
  return { store, ended }
}
