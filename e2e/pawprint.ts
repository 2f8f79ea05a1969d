import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Job, LogLine, Model, Notebook, TaskStatus } from '@pawprint/protocol'

const ROOT = join(import.meta.dirname, '..')
const POLL_MS = 100

/** A free port of this machine, given back at once: good enough for a test that uses it next. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + (nextPort++ % PORTS)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

/** Below those that systems give to whoever asks for any: such a one may be another test's a moment later. */
const [FIRST_PORT, PORTS] = [20_000, 12_000]
/** Processes that run side by side begin at places of their own. */
let nextPort = process.pid * 37

/** A whole Pawprint, as `npm start` brings it up: store, demo and the notebook on its real kernel. */
export interface Pawprint {
  readonly storeUrl: string
  readonly demoUrl: string
  /** The store's page with its token, as printed for people. */
  readonly link: string
  readonly token: string
  readonly data: string
  readonly output: () => string
  api<T>(method: string, path: string, body?: unknown): Promise<T>
  request(method: string, path: string, body?: unknown): Promise<Response>
  /** Ends the launcher as kill -9 does, and nothing else. */
  kill(): void
  /** Ends it as Ctrl-C does; answers the exit code. */
  stop(): Promise<number | null>
}

export async function startPawprint(args: readonly string[] = ['--no-sample'], data?: string): Promise<Pawprint> {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'pawprint-e2e-')))
  const [storePort, demoPort] = [await freePort(), await freePort()]
  const options = ['--data', folder, '--store-port', `${storePort}`, '--demo-port', `${demoPort}`, ...args]
  const child = spawn(process.execPath, ['scripts/start.mjs', ...options], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const link = await lineOf(
    child,
    () => /Store {2}(http\S+)/.exec(output)?.[1],
    () => output,
  )
  const storeUrl = `http://127.0.0.1:${storePort}`
  const token = (await readFile(join(folder, 'token'), 'utf8')).trim()
  const request = (method: string, path: string, body?: unknown) =>
    fetch(`${storeUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        // A test that computes for longer than the store keeps an idle connection would ask on one that is closed.
        connection: 'close',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  return {
    storeUrl,
    demoUrl: `http://127.0.0.1:${demoPort}`,
    link,
    token,
    data: folder,
    output: () => output,
    request,
    async api<T>(method: string, path: string, body?: unknown) {
      const response = await request(method, path, body)
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as T
    },
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
      child.kill('SIGINT')
      const code = child.exitCode ?? (await ended)
      if (data === undefined) await rm(folder, { recursive: true, force: true })
      return code
    },
  }
}

async function lineOf(child: ChildProcess, find: () => string | undefined, output: () => string): Promise<string> {
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    if (child.exitCode !== null) throw new Error(`npm start ended with code ${child.exitCode}:\n${output()}`)
    await wait(POLL_MS)
  }
}

/** Asks again until the answer fits. The test's own timeout bounds it. */
export async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return answer
    await wait(POLL_MS)
  }
}

/** Ids of the processes that were started for this data folder: launcher, store, demo and notebook runner. */
export async function processesOf(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, i) => lines[i]?.includes(folder)).map(Number)
}

interface Items<T> {
  readonly items: T[]
  readonly next: string | null
}

export const notebookOf = (paw: Pick<Pawprint, 'api'>, isReady: (notebook: Notebook) => boolean): Promise<Notebook> =>
  until(
    async () => (await paw.api<Items<Notebook>>('GET', '/api/notebooks')).items[0],
    (notebook) => notebook !== undefined && isReady(notebook),
  ) as Promise<Notebook>

export const jobOf = (paw: Pick<Pawprint, 'api'>, id: string): Promise<Job> => paw.api('GET', `/api/jobs/${id}`)
export const modelOf = (paw: Pick<Pawprint, 'api'>, sha1: string): Promise<Model> =>
  paw.api('GET', `/api/models/${sha1}`)
export const taskOf = (paw: Pick<Pawprint, 'api'>, name: string): Promise<TaskStatus> =>
  paw.api('GET', `/api/tasks/${name}`)
export const jobsOf = async (paw: Pick<Pawprint, 'api'>): Promise<Job[]> =>
  (await paw.api<Items<Job>>('GET', '/api/jobs')).items
export const logOf = async (paw: Pick<Pawprint, 'api'>, id: string): Promise<LogLine[]> =>
  (await paw.api<Items<LogLine>>('GET', `/api/jobs/${id}/log?limit=100000`)).items

/** 200 once the trial has left a checkpoint to go on from. */
export const checkpointStatus = async (paw: Pawprint, id: string, trial: number): Promise<number> => {
  const headers = { authorization: `Bearer ${paw.token}` }
  const path = `${paw.storeUrl}/api/jobs/${id}/trials/${trial}/checkpoint`
  return (await fetch(path, { method: 'HEAD', headers })).status
}

/** The job when nothing more will happen to it. */
export const finished = (paw: Pick<Pawprint, 'api'>, id: string): Promise<Job> =>
  until(
    () => jobOf(paw, id),
    (job) => ['done', 'failed', 'cancelled'].includes(job.state),
  )

export async function launch(
  paw: Pick<Pawprint, 'api'>,
  notebook: string,
  config: Record<string, unknown>,
): Promise<Job> {
  return paw.api('POST', '/api/jobs', { notebook, config })
}
