// The notebook for machines with a Python kernel only: whole, in Debian's kernel, and its cells one by one.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningStore } from '@pawprint/store-server'
import { onTestFinished } from 'vitest'
import { childrenOf, foldersIn } from './jupyter.ts'
import type { Pawprint } from './pawprint.ts'

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..')
export const FILE = join(ROOT, 'notebooks/colab.ipynb')
// Debian's, which has the kernel beside the notebook server.
const PYTHON = process.env.PAWPRINT_PYTHON ?? '/usr/bin/python3'

interface Output {
  readonly output_type: string
  readonly name?: string
  readonly text?: string | readonly string[]
  readonly ename?: string
}
interface Cell {
  readonly id: string
  readonly cell_type: string
  readonly source: readonly string[]
  readonly outputs?: readonly Output[]
  readonly execution_count?: number | null
}
export interface NotebookJson {
  readonly cells: readonly Cell[]
}

/** A notebook file, as it is on disk. */
export const readJson = async (file: string): Promise<NotebookJson> => JSON.parse(await readFile(file, 'utf8'))

/** A folder that ends with the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-colab-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** A cell of the committed notebook, by its id. */
export async function cellOf(id: string): Promise<Cell> {
  const cell = (await readJson(FILE)).cells.find((cell) => cell.id === id)
  if (cell === undefined) throw new Error(`${FILE} has no cell ${id}`)
  return cell
}

/** The API of a store with a certificate of its own making, which fetch cannot be told to trust. */
export function askOver(store: RunningStore, cert: string): Pick<Pawprint, 'api'> {
  const headers = { authorization: `Bearer ${store.token}`, 'content-type': 'application/json' }
  return {
    api: <T>(method: string, path: string, body?: unknown) =>
      new Promise<T>((resolve, reject) => {
        const sent = request(`${store.url}${path}`, { method, headers, ca: cert }, async (response) => {
          let text = ''
          for await (const part of response.setEncoding('utf8')) text += part
          if ((response.statusCode ?? 500) < 400) resolve(JSON.parse(text))
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
        })
        sent.on('error', reject)
        sent.end(body === undefined ? undefined : JSON.stringify(body))
      }),
  }
}

/** Executes a notebook of these cells in a folder, and leaves it there as `executed.ipynb`. */
export async function execute(folder: string, notebook: NotebookJson, env: NodeJS.ProcessEnv) {
  await writeFile(join(folder, 'colab.ipynb'), JSON.stringify(notebook))
  const args = ['-m', 'nbconvert', '--to', 'notebook', '--execute', '--allow-errors', '--output', 'executed.ipynb']
  const child = spawn(PYTHON, [...args, 'colab.ipynb'], {
    cwd: folder,
    env: { ...process.env, ...foldersIn(folder), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += String(part)))
  const ended = once(child, 'close').then(([code]) => ({ code, said }))
  return {
    ended,
    /** Whichever comes first, so that a notebook that failed says why. */
    async meanwhile<T>(work: Promise<T>): Promise<T> {
      const early = ended.then(({ said }) => {
        throw new Error(`the notebook ended before:\n${said}`)
      })
      early.catch(() => undefined)
      return Promise.race([work, early])
    },
    /** As Jupyter interrupts a kernel: its whole process group. */
    async interrupt() {
      const [kernel] = await childrenOf(child.pid ?? 0)
      process.kill(-(kernel ?? 0), 'SIGINT')
    },
  }
}

/** What a cell printed. */
export const textOf = (cell: Cell | undefined): string =>
  (cell?.outputs ?? []).flatMap(({ text }) => text ?? []).join('')

/** Names of the errors that a cell ended with. */
export const errorsOf = (cell: Cell | undefined): string[] => (cell?.outputs ?? []).flatMap(({ ename }) => ename ?? [])

/** Runs the code of these cells, by their ids, without a kernel. */
export async function python(
  ids: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; said: string }> {
  const sources = await Promise.all(ids.map(async (id) => (await cellOf(id)).source.join('')))
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', sources.join('\n')], {
    env: { ...process.env, PAWPRINT_STORE: 'ws://127.0.0.1:1', PAWPRINT_TOKEN: 'secret-token', ...env },
    input: '',
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}
