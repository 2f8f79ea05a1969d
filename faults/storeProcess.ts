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
  /** The address to listen on; default 127.0.0.1. */
  readonly host?: string
  /** What runs it, before the path of Node: `['unshare', …]`. */
  readonly under?: readonly string[]
  /** Bytes that uploads leave free on the disk; default as people have it, 512 MiB. */
  readonly keepFreeBytes?: number
}

/** Arguments of Node for a store on a disk that is smaller than any that people use. */
function scriptOf(dataDir: string, port: number, keepFreeBytes: number): string[] {
  const script = `
    import { startStore } from ${JSON.stringify(new URL('../store-server/dist/index.js', import.meta.url).href)}
    import { openStorage } from ${JSON.stringify(new URL('../store-server/dist/storage/embedded.js', import.meta.url).href)}
    const dataDir = ${JSON.stringify(dataDir)}
    const storage = await openStorage(dataDir, { keepFreeBytes: ${keepFreeBytes} })
    const store = await startStore({ dataDir, storage, port: ${port} })
    console.log('Store: ' + store.url + '/?token=' + store.token)`
  return ['--input-type=module', '-e', script]
}

/** Null when it died before it listened. */
export async function startStoreProcess(
  dataDir: string,
  { port = 0, failpoint, allowHost, host, under = [], keepFreeBytes }: StoreProcessOptions = {},
): Promise<{ store: StoreProcess | null; ended: Promise<StoreEnd> }> {
  const flags = [
    '--data',
    dataDir,
    '--port',
    `${port}`,
    ...(host === undefined ? [] : ['--host', host]),
    ...(allowHost === undefined ? [] : ['--allow-host', allowHost]),
  ]
  const program = keepFreeBytes === undefined ? [MAIN, ...flags] : scriptOf(dataDir, port, keepFreeBytes)
  const [command = process.execPath, ...args] = [...under, process.execPath, ...program]
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
