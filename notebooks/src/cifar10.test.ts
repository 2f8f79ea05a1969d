import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, onTestFinished, test } from 'vitest'
import type { RunningStore } from '../../store-server/src/startStore.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { parseNotebook } from './notebookFile.ts'
import { NOTEBOOKS, run, temporaryFolder } from './testing/run.ts'

const FILE = join(NOTEBOOKS, 'cifar10.ipynb')
const TINY = { EPOCHS: 1, BATCH_SIZE: 100, NUM_FILTERS: [2], DENSE_WIDTH: [4], KERNEL_SIZE: [3], LEARNING_RATE: [0.01] }

/** Without data on disk and without a network, the notebook trains on the built-in shapes. */
async function surroundings(store: RunningStore): Promise<NodeJS.ProcessEnv> {
  const folder = await temporaryFolder()
  return {
    ...process.env,
    PAWPRINT_STORE: store.url,
    PAWPRINT_TOKEN: store.agentToken,
    PAWPRINT_DATASETS: folder,
    PAWPRINT_CIFAR10_URL: 'http://127.0.0.1:9/none.tar.gz',
    XDG_CACHE_HOME: folder,
  }
}

async function launch(store: RunningStore, notebook: string): Promise<string> {
  const answer = await fetch(`${store.url}/api/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${store.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ notebook, config: TINY }),
  })
  return ((await answer.json()) as { id: string }).id
}

test('the committed notebook has nine code cells and no outputs', async () => {
  const text = await readFile(FILE, 'utf8')
  const { cells, json } = parseNotebook(text, FILE)
  expect(cells.map(({ source }) => Number(/^\/\* (\d)/.exec(source)?.[1]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(JSON.stringify(json)).not.toMatch(/"outputs":\[[^\]]/)
})

test('run headless on the real kernel it registers, trains what the page launches, deploys it, and says goodbye', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const out = join(await temporaryFolder(), 'out.ipynb')
  const { done, stop, printed } = run(FILE, { out, env: await surroundings(store) })
  const { notebook } = await page.next('notebook', ({ notebook }) => notebook.state === 'idle')
  expect(notebook.config).toMatchObject({ EPOCHS: 1, BATCH_SIZE: 10, LEARNING_RATE: [0.001], SEED: null })
  const id = await launch(store, notebook.name)
  const { job } = await page.next('job', ({ job }) => job.id === id && job.state === 'done')
  await page.next('task', ({ task }) => task.current?.sha1 === job.trials[0]?.sha1)
  stop()
  await done
  await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
  expect(printed.join('')).toMatch(/trial 1: done, [0-9a-f]{7}, test accuracy/)
  expect(await readFile(out, 'utf8')).toMatch(/is registered with the store/)
})

test('the same cells run under plain node, which lives while it serves and says goodbye at SIGTERM', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const { cells } = parseNotebook(await readFile(FILE, 'utf8'), FILE)
  const source = cells.map((cell) => cell.source).join('\n')
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  // Imports are looked up from the script's folder.
  const script = join(NOTEBOOKS, `plain-${process.pid}.mjs`)
  onTestFinished(() => rm(script, { force: true }))
  await writeFile(script, ts.transpileModule(source, { compilerOptions: options }).outputText)
  const child = spawn(process.execPath, [script], { env: await surroundings(store), stdio: 'inherit' })
  const { notebook } = await page.next('notebook', ({ notebook }) => notebook.state === 'idle')
  const id = await launch(store, notebook.name)
  await page.next('job', ({ job }) => job.id === id && job.state === 'done')
  expect(child.exitCode).toBeNull()
  child.kill('SIGTERM')
  const [, signal] = await once(child, 'exit')
  expect(signal).toBe('SIGTERM')
  await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
})
