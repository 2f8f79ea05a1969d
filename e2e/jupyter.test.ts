// The notebook as people open it: in Jupyter's page, in a real browser, on the real kernel.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectBrowser, openPage, WAIT_MS } from './browser.ts'
import { cellsOf, childrenOf, choose, type Jupyter, startJupyter, watchOutput } from './jupyter.ts'
import { finished, jobOf, notebookOf, until } from './pawprint.ts'
import { launch, openStage, type Stage } from './stage.ts'

const SMALL = { BATCH_SIZE: 50, NUM_FILTERS: [8], DENSE_WIDTH: [16], LEARNING_RATE: [0.003] }
/** Not over before somebody stops it. */
const ENDLESS = { ...SMALL, EPOCHS: 1000 }
/** Place of the cell that serves, among code cells. */
const SERVING = 8

let stage: Stage
let jupyter: Jupyter
let browser: Browser
let page: Page
let cache: string
/** The output of the cell that serves. */
let progress: Locator
const problems: string[] = []

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'pawprint-cache-'))
  stage = await openStage()
  jupyter = await startJupyter({
    PAWPRINT_STORE: stage.store.url,
    PAWPRINT_TOKEN: stage.store.agentToken,
    // Without data in PAWPRINT_DATASETS it trains on the built-in shapes.
    PAWPRINT_CIFAR10_URL: 'http://127.0.0.1:9/none.tar.gz',
    XDG_CACHE_HOME: cache,
  })
  browser = await connectBrowser()
  page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  page.setDefaultTimeout(WAIT_MS)
  page.on('pageerror', (error) => problems.push(String(error)))
  progress = page.locator('.code_cell').nth(SERVING).locator('.output_subarea')
  await page.goto(jupyter.linkOf('cifar10.ipynb'))
})

afterAll(async () => {
  await browser?.close()
  await jupyter?.stop()
  await stage?.close()
  if (cache) await rm(cache, { recursive: true, force: true })
})

const isIdle = () => notebookOf(stage, ({ state }) => state === 'idle')
const training = async (id: string) =>
  until(
    () => jobOf(stage, id),
    ({ trials }) => trials.some(({ state, progress }) => state === 'running' && progress > 0),
  )
const kernels = () => jupyter.get<{ id: string }[]>('/api/kernels')

/** Runs code in a new cell at the end of the notebook. */
const execute = (code: string): Promise<void> =>
  page.evaluate((text) => {
    const { notebook } = (window as unknown as { Jupyter: { notebook: ClassicNotebook } }).Jupyter
    const cell = notebook.insert_cell_at_bottom('code')
    cell.set_text(text)
    cell.execute()
  }, code)

describe('in Jupyter', () => {
  test('Run All runs all nine cells without an error, and the notebook is registered', async () => {
    await page.locator('#kernel_indicator_icon.kernel_idle_icon').waitFor()
    await choose(page, 'cell', 'run_all_cells')
    await progress.getByText('waiting for a job').waitFor()
    const { prompts, errors } = await cellsOf(page)
    expect(errors).toEqual([])
    expect(prompts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((count) => `In [${count}]:`))
    expect((await isIdle()).name).toBe('cifar10')
  })

  test('a job shows its progress and its curves in place, live, in one output of the last cell', async () => {
    const seen = await watchOutput(page, SERVING)
    const id = await launch(stage, 'cifar10', { ...SMALL, EPOCHS: 2, LEARNING_RATE: [0.003, 0.01] })
    const { state, trials } = await finished(stage, id)
    expect(state).toBe('done')
    for (const [i, { sha1 }] of trials.entries())
      await progress.getByText(`trial ${i + 1}: done, ${sha1?.slice(0, 7)}`).waitFor()
    const states = await seen()
    expect(states.some((html) => /trial 1 .* epoch \d of 2 .* left/.test(html))).toBe(true)
    const lengths = states.map((html) => /<path d="(M[^H"]*)" fill/.exec(html)?.[1]?.length)
    expect(new Set(lengths).size).toBeGreaterThanOrEqual(3)
    expect(await progress.count()).toBe(1)
    expect(await progress.locator('svg[role=img] title').textContent()).toMatch(/^Job 1, .*trial 1 at .*trial 2 at /)
    // Two plots, two trials, two validations each.
    expect(await progress.locator('svg[role=img] circle').count()).toBe(8)
    expect((await cellsOf(page)).errors).toEqual([])
  })

  test('Stop on the store’s page, and Interrupt of the kernel, each cancel the job; the kernel lives and runs the next one', async () => {
    const [before] = await kernels()
    const stopped = await launch(stage, 'cifar10', ENDLESS)
    await training(stopped)
    const { page: storePage } = await openPage(browser, stage.link)
    await storePage.getByTestId('stop').click()
    expect((await finished(stage, stopped)).trials).toMatchObject([
      { state: 'cancelled', reason: 'stopped by a person' },
    ])
    await storePage.close()

    const interrupted = await launch(stage, 'cifar10', { ...ENDLESS, LEARNING_RATE: [0.001, 0.002, 0.003] })
    await training(interrupted)
    await page.locator('[data-jupyter-action="jupyter-notebook:interrupt-kernel"]').click()
    const job = await finished(stage, interrupted)
    expect(job.state).toBe('cancelled')
    expect(job.trials.map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled'])
    expect(job.trials[0]?.reason).toBe('stopped in the notebook')
    await isIdle()
    expect((await kernels()).map(({ id }) => id)).toEqual([before?.id])
  })

  test('Restart & Run All takes over the job under way: it goes on as the next attempt of the same notebook', async () => {
    const id = await launch(stage, 'cifar10', ENDLESS)
    await training(id)
    await choose(page, 'kernel', 'restart_run_all')
    const { notebook } = await until(
      () => jobOf(stage, id),
      ({ trials }) => trials.some(({ state, attempt }) => state === 'running' && attempt === 2),
    )
    expect(notebook).toBe('cifar10')
    await progress.getByText('epoch').waitFor()
    const { prompts, errors } = await cellsOf(page)
    expect(errors).toEqual([])
    expect(prompts.at(-1)).toBe('In [9]:')
    await stage.api('POST', `/api/jobs/${id}/stop`)
    expect((await finished(stage, id)).state).toBe('cancelled')
  })

  test('20,000 lines that a cell prints at once are all on the page', async () => {
    await execute('for (let i = 1; i <= 20000; i++) console.log("line " + i)')
    const output = page.locator('.code_cell').nth(9).locator('.output_stdout')
    await output.getByText('line 20000').waitFor()
    const lines = (await output.allTextContents()).join('').trim().split('\n')
    expect(lines).toEqual(Array.from({ length: 20_000 }, (_, i) => `line ${i + 1}`))
  })

  test('a picture that a cell shows is on the page, with the images in it', async () => {
    await execute(`import { plots, show } from '@pawprint/agent'
show(plots.samples(data.test, data.task.classNames, { perClass: 1 }))`)
    const output = page.locator('.code_cell').nth(10).locator('.output_svg svg[role=img]')
    await output.waitFor()
    expect(await output.locator('title').textContent()).toBe('An image of each of 10 classes')
    const shown = await output
      .locator('image')
      .evaluateAll((images) => images.map((one) => Math.round(one.getBoundingClientRect().width)))
    expect(shown).toEqual(new Array(10).fill(56))
  })

  test('Shutdown says goodbye: the notebook is gone', async () => {
    await choose(page, 'kernel', 'shutdown_kernel')
    await notebookOf(stage, ({ state }) => state === 'gone')
    await until(kernels, ({ length }) => length === 0)
    expect(problems).toEqual([])
  })

  test('kill -9 of Jupyter leaves no kernel behind', async () => {
    await page.goto(jupyter.linkOf('cifar10.ipynb'))
    await page.locator('#kernel_indicator_icon.kernel_idle_icon').waitFor()
    const [kernel] = await childrenOf(jupyter.process.pid ?? 0)
    expect(isAlive(kernel)).toBe(true)
    jupyter.process.kill('SIGKILL')
    await until(
      async () => isAlive(kernel),
      (lives) => !lives,
    )
  })
})

/** What is used of the page's own object. */
interface ClassicNotebook {
  insert_cell_at_bottom(type: 'code'): { set_text(text: string): void; execute(): void }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    // Signal 0 only asks.
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
