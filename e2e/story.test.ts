// The whole story, as a person would live it: real servers, the real kernel, a real browser.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectBrowser, dropFiles, openPage, readLog } from './browser.ts'
import {
  finished,
  jobOf,
  jobsOf,
  launch,
  logOf,
  modelOf,
  notebookOf,
  type Pawprint,
  startPawprint,
  taskOf,
  until,
} from './pawprint.ts'
import { testWeights } from './weights.ts'

const SAMPLE = {
  EPOCHS: 1,
  BATCH_SIZE: 10,
  LEARNING_RATE: [0.001, 0.002],
  KERNEL_SIZE: [3],
  NUM_FILTERS: [20],
  DENSE_WIDTH: [128],
}
// Far too slow, a little slow, and right: one epoch then ends near chance, in between, and well.
const LOW_RATE = 1e-7
const MIDDLE_RATE = 1e-4
// The same initial weights for both, as chance differs by a few points from one seed to another.
const RATE_SEED = 1

let paw: Pawprint
let browser: Browser
let store: { page: Page; problems: string[] }
let demo: { page: Page; problems: string[] }
let folder: string
let task: string

const fileWith = async (name: string, value: unknown): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}
const accuracyOf = async (sha1: string): Promise<number> =>
  (await modelOf(paw, sha1)).metrics.testAccuracy ?? Number.NaN
const shownInDemo = (sha1: string) => demo.page.locator(`[data-testid=badge][data-sha1="${sha1}"]`).waitFor()
const shaOf = (value: string | null | undefined): string => {
  expect(value).toMatch(/^[0-9a-f]{40}$/)
  return value ?? ''
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-story-'))
  paw = await startPawprint()
  browser = await connectBrowser()
  store = await openPage(browser, paw.link)
  demo = await openPage(browser, paw.demoUrl)
})

afterAll(async () => {
  await browser?.close()
  await paw?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

describe('the whole story', () => {
  test('the notebook registers, and its card turns green', async () => {
    await store.page.locator('[data-testid=notebook-cifar10][data-state=idle]').waitFor()
    const notebook = await notebookOf(paw, ({ state }) => state === 'idle')
    task = notebook.task.name
    expect(notebook.name).toBe('cifar10')
    expect(store.page.url()).not.toContain(paw.token)
  })

  test('a config dropped on the page changes the values, and names the key it ignores', async () => {
    await dropFiles(store.page, '[data-testid=drop]', [await fileWith('sample_conf.json', { ...SAMPLE, FOO: 1 })])
    const answer = store.page.getByTestId('answer')
    await expect.poll(() => answer.textContent()).toContain('FOO')
    await expect.poll(() => store.page.getByTestId('field-LEARNING_RATE').inputValue()).toBe('0.001, 0.002')
    expect((await notebookOf(paw, () => true)).config).toMatchObject(SAMPLE)
  })

  test('a config with "EPOCHS": "ten" is refused by name, and changes nothing', async () => {
    const before = await notebookOf(paw, () => true)
    await dropFiles(store.page, '[data-testid=drop]', [await fileWith('ten.json', { BATCH_SIZE: 64, EPOCHS: 'ten' })])
    await expect.poll(() => store.page.getByTestId('answer').textContent()).toContain('EPOCHS')
    expect(await store.page.getByTestId('answer').textContent()).toContain('ten')
    expect((await notebookOf(paw, () => true)).config).toEqual(before.config)
    expect(await store.page.getByTestId('field-BATCH_SIZE').inputValue()).toBe('10')
  })

  test('Launch trains; a page reloaded in mid-job shows every line from the first, in order, once, and more coming', async () => {
    await store.page.getByTestId('launch').click()
    const [job] = await until(
      () => jobsOf(paw),
      (jobs) => jobs.length === 1,
    )
    const id = job?.id ?? ''
    await store.page.locator('[data-testid=log] [data-seq="1"]').waitFor({ state: 'attached' })
    await until(
      () => jobOf(paw, id),
      ({ logLines, trials }) => logLines >= 5 && trials.some(({ state }) => state === 'running'),
    )
    await store.page.reload()
    const atReload = (await jobOf(paw, id)).logLines
    await expect.poll(() => lastSeq(store.page)).toBeGreaterThan(atReload)

    const done = await finished(paw, id)
    expect(done.state).toBe('done')
    // A job that is done may still say what became of its models.
    const { shown, log } = await until(
      async () => ({ shown: await readLog(store.page), log: await logOf(paw, id) }),
      ({ shown, log }) => shown.length === log.length,
    )
    expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: log.length }, (_, i) => i + 1))
    expect(shown.map(({ seq }) => seq)).toEqual(log.map(({ seq }) => seq))
    for (const [i, { text }] of log.entries()) expect(shown[i]?.text).toContain(text)
  })

  test('its models differ, and the best one is deployed by itself, live in the open demo', async () => {
    const [job] = await jobsOf(paw)
    const [first, second] = job?.trials.map(({ sha1 }) => shaOf(sha1)) ?? []
    expect(first).not.toBe(second)
    const accuracies = await Promise.all([first, second].map((sha1) => accuracyOf(sha1 ?? '')))
    const best = [first, second][accuracies.indexOf(Math.max(...accuracies))] ?? ''
    expect((await taskOf(paw, task)).current).toMatchObject({ sha1: best, by: 'auto' })
    await shownInDemo(best)
    await store.page.locator(`[data-testid=model-${best}][data-verdict=deployed]`).waitFor()
    await store.page.locator(`[data-testid=chip-${task}][data-sha1="${best}"]`).waitFor()
  })

  test('a picture dropped on the demo is classified', async () => {
    const picture = join(folder, 'picture.png')
    await sharp({ create: { width: 300, height: 200, channels: 3, background: { r: 90, g: 140, b: 220 } } })
      .png()
      .toFile(picture)
    await dropFiles(demo.page, '[data-testid=drop]', [picture])
    await demo.page.getByTestId('phrase').waitFor()
    expect(await demo.page.getByTestId('phrase').textContent()).toMatch(/looks like an? |Not sure\. Perhaps an? /)
    expect(await demo.page.getByTestId('prediction-row').count()).toBe(5)
  })

  test('a worse model is deployed by a click; then one that beats it, though not the declined one, is deployed by itself', async () => {
    const high = shaOf((await taskOf(paw, task)).current?.sha1)
    const slow = await finished(paw, (await launch(paw, 'cifar10', { LEARNING_RATE: LOW_RATE, SEED: RATE_SEED })).id)
    const low = shaOf(slow.trials[0]?.sha1)
    expect((await modelOf(paw, low)).verdict).toMatchObject({ deployed: false, code: 'not-better' })

    await store.page.getByTestId(`model-${low}`).getByRole('button', { name: 'Deploy' }).click()
    await shownInDemo(low)
    expect((await taskOf(paw, task)).current).toMatchObject({ sha1: low, by: 'person' })
    expect((await modelOf(paw, high)).verdict).toMatchObject({ deployed: false, code: 'replaced' })

    const between = await finished(
      paw,
      (await launch(paw, 'cifar10', { LEARNING_RATE: MIDDLE_RATE, SEED: RATE_SEED })).id,
    )
    const middle = shaOf(between.trials[0]?.sha1)
    const [a, b, c] = [await accuracyOf(low), await accuracyOf(middle), await accuracyOf(high)]
    expect(a).toBeLessThan(b)
    expect(b).toBeLessThan(c)
    expect((await taskOf(paw, task)).current).toMatchObject({ sha1: middle, by: 'auto' })
    await shownInDemo(middle)
    await store.page.locator(`[data-testid=model-${middle}][data-verdict=deployed]`).waitFor()
  })

  test('no page had an error or a violation of its content security policy', () => {
    expect(store.problems).toEqual([])
    expect(demo.problems).toEqual([])
  })
})

testWeights(() => paw)

const lastSeq = (page: Page): Promise<number> =>
  page
    .locator('[data-testid=log] [data-seq]')
    .evaluateAll((rows) => Math.max(0, ...rows.map((row) => Number(row.getAttribute('data-seq')))))
