// Debian's notebook server with our kernel, and a notebook in its page.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { freePort, until } from './pawprint.ts'

const ROOT = join(import.meta.dirname, '..')
const TOKEN = 'jupyter-test'

export interface Jupyter {
  /** The page of a notebook, with the token. */
  linkOf(file: string): string
  /** Asks its own HTTP API; throws unless it answers. */
  get<T>(path: string): Promise<T>
  readonly process: ChildProcess
  stop(): Promise<void>
}

/**
 * Serves a copy of the CIFAR-10 notebook, on the kernel as `npm run kernel -- install` makes it known; `env` is for the kernels.
 * Nothing of the person's own Jupyter is read or written.
 */
export async function startJupyter(env: NodeJS.ProcessEnv): Promise<Jupyter> {
  const home = await makeHome()
  const port = await freePort()
  const options = ['--no-browser', '--allow-root', '--ip=127.0.0.1', `--port=${port}`, '--port-retries=0']
  const child = spawn(
    process.env.PAWPRINT_JUPYTER ?? '/usr/bin/jupyter-notebook',
    [...options, `--NotebookApp.token=${TOKEN}`, `--notebook-dir=${join(home, 'notebooks')}`],
    { env: { ...process.env, ...env, ...foldersIn(home) }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  await untilUp(url, child, ended)
  return {
    process: child,
    linkOf: (file) => `${url}/notebooks/${file}?token=${TOKEN}`,
    async get<T>(path: string) {
      const answer = await fetch(`${url}${path}`, { headers: { authorization: `token ${TOKEN}` } })
      if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** A folder with all that Jupyter reads and writes. */
async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'pawprint-jupyter-'))
  await mkdir(join(home, 'notebooks'))
  await copyFile(join(ROOT, 'notebooks/cifar10.ipynb'), join(home, 'notebooks/cifar10.ipynb'))
  // Imports are looked up from the notebook's folder on.
  await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'))
  const options = { cwd: ROOT, env: { ...process.env, ...foldersIn(home) }, encoding: 'utf8' } as const
  const { status, stderr } = spawnSync(process.execPath, ['scripts/kernel.mjs', 'install'], options)
  if (status !== 0) throw new Error(stderr)
  return home
}

async function untilUp(url: string, child: ChildProcess, ended: Promise<void>): Promise<void> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (output += String(part)))
  const over = ended.then(() => {
    throw new Error(`the notebook server did not start:\n${output}`)
  })
  // Until it listens, a connection is refused.
  const answers = (): Promise<boolean> =>
    fetch(`${url}/api`)
      .then(({ ok }) => ok)
      .catch(() => false)
  await Promise.race([until(answers, (isUp) => isUp), over])
  over.catch(() => undefined)
}

/** Where Jupyter reads and writes, in this folder. */
export const foldersIn = (home: string): NodeJS.ProcessEnv => ({
  JUPYTER_CONFIG_DIR: join(home, 'config'),
  JUPYTER_DATA_DIR: join(home, 'data'),
  JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
  IPYTHONDIR: join(home, 'ipython'),
})

/** Chooses an entry of a menu, and says yes where the page asks. */
export async function choose(page: Page, menu: 'cell' | 'kernel', entry: string): Promise<void> {
  await page.locator(`#${menu}link`).click()
  await page.locator(`#${entry} a`).click()
  const yes = page.locator('.modal.in .btn-danger')
  if (menu === 'kernel') await yes.click()
}

/** Whether code cells have run without an error: their numbers, and what they wrote to standard error. */
export async function cellsOf(page: Page): Promise<{ prompts: string[]; errors: string[] }> {
  // A cell that runs has the number "*", until its reply has come.
  await page.locator('.input_prompt', { hasText: '*' }).first().waitFor({ state: 'detached' })
  const prompts = await page.locator('.code_cell .input_prompt').allTextContents()
  // They are written with a no-break space.
  return {
    prompts: prompts.map((text) => text.replace(/\s/g, ' ')),
    errors: await page.locator('.output_stderr, .output_error').allTextContents(),
  }
}

/** Each state of a code cell's output from now on, as HTML. */
export async function watchOutput(page: Page, cell: number): Promise<() => Promise<string[]>> {
  const states = await page
    .locator('.code_cell')
    .nth(cell)
    .evaluateHandle((element) => {
      const seen: string[] = []
      const note = (): number => seen.push(element.querySelector('.output')?.innerHTML ?? '')
      new MutationObserver(note).observe(element, { childList: true, subtree: true })
      return seen
    })
  return () => states.jsonValue()
}

/** Ids of the processes that a process started, and that live. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}
