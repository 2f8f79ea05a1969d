// What the pages do with what is dropped on them, with what strangers name things, and with each other.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeModel, type TestModel } from '../demo-app/server/testing/model.ts'
import { dropFiles } from './browser.ts'
import { CLASS_NAMES, fillStage, IMG, LONG, SCRIPT } from './hostile.ts'
import { useScene } from './scene.ts'
import { deliverReal, TASK } from './stage.ts'

const scene = useScene()

const fileOf = async (name: string, content: string | Uint8Array): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-drops-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}
const settles = (locator: Locator, text: string) => expect.poll(() => locator.textContent()).toContain(text)
const inputOf = (page: Page, key: string) => page.getByTestId(`field-${key}`).inputValue()

test('names that look the same are told apart, and each is launched on by its own', async () => {
  const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301']
  await scene.stage.join(composed)
  const agent = await scene.stage.join(decomposed)
  await scene.stage.join('\u202eevitan')
  const { page, problems } = await scene.open()
  await page.getByTestId(`notebook-${decomposed}`).waitFor()
  const cards = page.locator('[data-testid^=notebook-]')
  const notes = await cards.getByTestId('twin').locator('code').allTextContents()
  expect(notes.sort()).toEqual(['caf\\u{e9}', 'cafe\\u{301}'])
  await page.getByTestId(`notebook-${decomposed}`).locator('label').click()
  await page.getByTestId('launch').click()
  expect(await agent.next('run')).toMatchObject({ trial: 0 })
  expect(problems).toEqual([])
})

describe('a drop', () => {
  test('anywhere on the page changes the values and marks them; Undo puts them back', async () => {
    await scene.stage.join('pets')
    const { page, problems } = await scene.open()
    const field = page.locator('.field', { has: page.getByTestId('field-LEARNING_RATE') })
    await page.getByTestId('field-LEARNING_RATE').waitFor()

    const config = { LEARNING_RATE: [0.0005, 0.001, 0.002, 0.004], EPOCHS: 3, FOO: 1 }
    await dropFiles(page, '#models', [await fileOf('conf.json', JSON.stringify(config))])
    await settles(page.getByTestId('answer'), '2\u00a0values changed, 5 stay')
    await settles(page.getByTestId('answer'), 'ignored: FOO')
    await settles(page.getByTestId('product'), '4\u00a0trials')
    expect(await inputOf(page, 'LEARNING_RATE')).toBe('0.0005, 0.001, 0.002, 0.004')
    expect(await field.getAttribute('class')).toContain('changed')
    expect(await field.locator('.was').textContent()).toBe('was 0.001')

    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => inputOf(page, 'LEARNING_RATE')).toBe('0.001')
    expect(await inputOf(page, 'EPOCHS')).toBe('1')
    expect(await page.getByTestId('answer').count()).toBe(0)
    expect(problems).toEqual([])
  })

  test('that is no config is refused with what was expected and what came, and changes nothing', async () => {
    await scene.stage.join('pets')
    const { page, problems } = await scene.open()
    await page.getByTestId('field-EPOCHS').waitFor()
    const before = await scene.stage.api('GET', '/api/notebooks')
    const good = await fileOf('good.json', '{"EPOCHS":5}')
    const wrong: [string[], string][] = [
      [[good, await fileOf('second.json', '{"EPOCHS":6}')], 'Expected one file, got 2 files'],
      [[await fileOf('empty.json', '')], 'got an empty file'],
      [
        [await fileOf('large.json', new Uint8Array(5_000_000).fill(32))],
        'Expected at most 1.0\u00a0MB, got 5.0\u00a0MB',
      ],
      [[await fileOf('notes.txt', 'Dear diary')], 'Expected JSON'],
      [[await fileOf('list.json', '[1]')], 'got [1]'],
      [[await fileOf('ten.json', '{"BATCH_SIZE":64,"EPOCHS":"ten"}')], 'EPOCHS: expected an integer'],
      [[await fileOf(`${IMG}.json`, '{"EPOCHS":0}')], `${IMG}.json was refused`],
    ]
    for (const [files, said] of wrong) {
      await dropFiles(page, '[data-testid=drop]', files)
      await settles(page.getByTestId('answer'), said)
      await settles(page.getByTestId('answer'), 'Nothing was changed.')
    }
    expect(await scene.stage.api('GET', '/api/notebooks')).toEqual(before)
    expect(problems).toEqual([])
  })
})

/** Nothing of what strangers named became an element, or ran. */
async function expectTextOnly(page: Page): Promise<void> {
  expect(await page.locator('img[src=x], body script').count()).toBe(0)
  expect(await page.title()).not.toBe('ran')
}

describe('names that are markup', () => {
  test('are text in every state of the store’s page, and nothing of it hurts its content security policy', async () => {
    const { best } = await fillStage(scene.stage)
    const { page, problems } = await scene.open()
    for (const name of [IMG, SCRIPT, LONG]) await page.locator('.nb-name', { hasText: name }).waitFor()
    await settles(page.getByTestId('log'), IMG)
    await settles(page.getByTestId('log'), SCRIPT)
    await settles(page.getByTestId('trial-3'), `Out of ${IMG} memory`)
    await page.getByRole('button', { name: 'NUM_FILTERS' }).hover()
    await page.getByTestId('search').fill(IMG)
    await settles(page.getByTestId('hits'), '2')
    await page.getByRole('button', { name: 'Lines' }).click()
    await page.locator('.pc path').first().waitFor()
    await page.getByTestId('stop').hover()
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.keyboard.press('Escape')
    await expectTextOnly(page)
    await page.getByTestId('job-data').click()
    await settles(page.getByRole('dialog').getByTestId('violations'), IMG)
    await expectTextOnly(page)
    await page.keyboard.press('Escape')

    await page.goto(`${scene.stage.store.url}/#model/${best}`)
    await settles(page.getByRole('dialog'), IMG)
    await settles(page.getByRole('dialog'), SCRIPT)
    await page.getByRole('dialog').locator('.matrix button').nth(1).click()
    await settles(page.getByTestId('thumbnails'), SCRIPT)
    await expectTextOnly(page)
    await page.keyboard.press('Escape')
    await page.getByTestId('clear').click()
    await page.getByRole('alertdialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Light or dark' }).click()
    await expectTextOnly(page)
    expect(problems).toEqual([])

    const stranger = await scene.open(scene.stage.store.url)
    await settles(stranger.page.getByTestId('banner'), 'not signed in')
    // The refusals themselves are expected, of the socket and of the question why.
    expect(stranger.problems.filter((problem) => !/WebSocket|401/.test(problem))).toEqual([])
  })

  test('are text in the demo, too, with a picture or without', async () => {
    const made = await makeModel(1, 3, CLASS_NAMES.length)
    const agent = await scene.stage.join('pets', { task: { ...TASK, classNames: CLASS_NAMES } })
    await deliverReal(scene.stage, agent, 'pets', made, 0.5, CLASS_NAMES)
    const { page, problems } = await scene.open((await scene.stage.demo()).url)
    await settles(page.getByTestId('class-list'), IMG)
    await page.getByTestId('file').setInputFiles({ name: `${IMG}.png`, mimeType: 'image/png', buffer: await picture() })
    await page.getByTestId('phrase').waitFor()
    for (const name of CLASS_NAMES) await settles(page.getByTestId('answer'), name)
    await expectTextOnly(page)
    expect(problems).toEqual([])
  })
})

const picture = () =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: '#8090a0' } })
    .png()
    .toBuffer()

describe('two stores and two demos', () => {
  test('show a deployment, a roll back and the same pawprint, all four, as it happens', async () => {
    const [first, second] = await Promise.all([makeModel(1), makeModel(2)])
    const agent = await scene.stage.join('pets')
    const demo = await scene.stage.demo()
    const stores = await Promise.all([1, 2].map(() => scene.open()))
    const demos = await Promise.all([1, 2].map(() => scene.open(demo.url)))
    const pawOf = (locator: Locator) => locator.locator('.paw svg').innerHTML()
    const pawsOf = async (sha1: string): Promise<string[]> =>
      Promise.all([
        ...stores.map(({ page }) => pawOf(page.locator(`[data-testid=chip-pets][data-sha1="${sha1}"]`))),
        ...demos.map(({ page }) => pawOf(page.locator(`[data-testid=badge][data-sha1="${sha1}"]`))),
      ])

    const low = await deliverReal(scene.stage, agent, 'pets', first as TestModel, 0.4)
    const lowPaws = await pawsOf(low)
    const high = await deliverReal(scene.stage, agent, 'pets', second as TestModel, 0.5)
    const highPaws = await pawsOf(high)
    expect(new Set(lowPaws).size).toBe(1)
    expect(new Set(highPaws).size).toBe(1)
    expect(highPaws[0]).not.toBe(lowPaws[0])
    for (const { page } of demos)
      await page
        .getByText(`New model ${high.slice(0, 7)} is live`)
        .first()
        .waitFor()

    await (stores[0] as { page: Page }).page.getByRole('button', { name: 'Roll back to this' }).click()
    expect(await pawsOf(low)).toEqual(lowPaws)
    for (const { page } of demos)
      await page
        .getByText(`Rolled back to ${low.slice(0, 7)}`)
        .first()
        .waitFor()
    for (const { page } of demos) expect(await page.getByTestId('toast').count()).toBeLessThan(2)
    for (const { page } of stores) await settles(page.getByTestId('deployment-3'), 'Serving now')
    for (const { problems } of [...stores, ...demos]) expect(problems).toEqual([])
  })
})
