import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Prediction } from '@pawprint/protocol'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { connectBrowser, dropFiles, openPage, stopClock } from '../e2e/browser.ts'
import { testDemo } from './server/testing/demo.ts'
import { deploy, makeModel, type TestModel } from './server/testing/model.ts'

const NAMES = ['cat', 'dog', 'owl', 'airplane', 'deer', '<img src=x onerror=alert(1)>']
/** As npm test has built it. */
const BUILT = fileURLToPath(new URL('./dist/page', import.meta.url))
const classNames = NAMES

let browser: Browser
let one: TestModel
let two: TestModel
let other: TestModel
beforeAll(async () => {
  browser = await connectBrowser()
  one = await makeModel(1, 3, NAMES.length)
  two = await makeModel(2, 3, NAMES.length)
  other = await makeModel(3)
})
afterAll(() => browser?.close())

let folder: string
let url: string
let picture: string
beforeEach(async () => {
  ;({ folder, url } = await testDemo({}, BUILT))
  picture = join(folder, 'cat on sill.png')
  const pixels = Uint8Array.from({ length: 60 * 40 * 3 }, (_, i) => (i * 53) % 256)
  await sharp(pixels, { raw: { width: 60, height: 40, channels: 3 } })
    .png()
    .toFile(picture)
})

async function open(): Promise<{ page: Page; problems: string[] }> {
  const opened = await openPage(browser, url)
  onTestFinished(() => opened.page.close())
  return opened
}
const badge = (page: Page, { sha1 }: TestModel) => page.locator(`[data-testid=badge][data-sha1="${sha1}"]`).waitFor()
const ask = async (): Promise<Prediction> => {
  const answer = await fetch(`${url}api/predict?task=pets`, {
    method: 'POST',
    body: Uint8Array.from(await readFile(picture)),
  })
  return (await answer.json()) as Prediction
}

test('the first model wakes the page up; a dropped picture is answered for five seconds, then the list is back', async () => {
  const { page, problems } = await open()
  await page.getByText('Waiting for the first model').waitFor()
  await deploy(folder, one, { classNames })
  await badge(page, one)
  expect(await page.getByTestId('class-list').locator('li').allTextContents()).toEqual(NAMES)
  await stopClock(page)

  await dropFiles(page, '[data-testid=drop]', [picture])
  const { predictions } = await ask()
  const best = predictions[0]
  const article = best?.className === 'airplane' || best?.className === 'owl' ? 'an' : 'a'
  const phrase = await page.getByTestId('phrase').textContent()
  expect(phrase).toContain(`${article} ${best?.className} — ${Math.round((best?.probability ?? 0) * 100)}\u00a0%`)
  const rows = page.getByTestId('prediction-row')
  expect(await rows.locator('.name').allTextContents()).toEqual(predictions.slice(0, 5).map((one) => one.className))
  await page.getByText('8 × 8 pixels').waitFor()

  await page.clock.runFor(4_000)
  expect(await page.getByTestId('class-list').count()).toBe(0)
  await page.clock.runFor(1_500)
  await page.getByTestId('class-list').waitFor()
  await page.getByText('Drop a picture here').waitFor()
  await page.getByRole('button', { name: /Show again/ }).click()
  expect(await page.getByTestId('phrase').textContent()).toBe(phrase)
  expect(problems).toEqual([])
})

test('the answer waits while it is pointed at, and stays when it is kept', async () => {
  await deploy(folder, one, { classNames })
  const { page } = await open()
  await badge(page, one)
  await stopClock(page)
  await page.getByTestId('file').setInputFiles(picture)
  await page.getByTestId('phrase').hover()
  await page.clock.runFor(30_000)
  await page.getByTestId('phrase').waitFor()
  await page.mouse.move(1, 1)
  await page.clock.runFor(5_500)
  await page.getByTestId('class-list').waitFor()

  await page.getByTestId('file').setInputFiles(picture)
  await page.getByText('Keep this answer').click()
  await page.mouse.move(1, 1)
  await page.evaluate(() => document.querySelector<HTMLElement>(':focus')?.blur())
  await page.clock.runFor(30_000)
  await page.getByText('Back to the list').click()
  await page.getByTestId('class-list').waitFor()
})

test('a new model shows in every open page, while a picture is looked at, too; one that fails is named beside the old', async () => {
  await deploy(folder, one, { classNames, accuracy: 0.401 })
  const [first, second] = [await open(), await open()]
  for (const { page } of [first, second]) await badge(page, one)
  await first.page.getByTestId('file').setInputFiles(picture)
  const phrase = await first.page.getByTestId('phrase').textContent()
  await first.page.getByText('Keep this answer').click()
  await deploy(folder, two, { classNames, accuracy: 0.436, revision: 2 })
  for (const { page } of [first, second]) {
    await badge(page, two)
    const toast = await page.getByTestId('toast').textContent()
    expect(toast).toContain(`New model ${two.sha1.slice(0, 7)} is live`)
    expect(toast).toContain('43.6\u00a0%, was 40.1\u00a0%')
  }
  expect(await first.page.getByTestId('phrase').textContent()).toBe(phrase)

  await deploy(folder, other, { classNames, revision: 3 }, other.bytes.slice(1))
  const stale = second.page.getByTestId('stale')
  await stale.waitFor()
  expect(await stale.textContent()).toContain(`${other.sha1.slice(0, 7)} could not be loaded`)
  expect(await stale.textContent()).toContain(`${two.sha1.slice(0, 7)} keeps answering`)
  await badge(second.page, two)
  expect([...first.problems, ...second.problems]).toEqual([])
})

test('a file that is no picture is refused by name, and the next picture is answered; pasting works like dropping', async () => {
  await deploy(folder, one, { classNames })
  const { page } = await open()
  await badge(page, one)
  await page
    .getByTestId('file')
    .setInputFiles({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
  expect(await page.getByTestId('refusal').textContent()).toContain('notes.png cannot be read.')
  const bytes = [...(await sharp(picture).png().toBuffer())]
  await page.evaluate((list) => {
    const clipboardData = new DataTransfer()
    clipboardData.items.add(new File([Uint8Array.from(list)], 'pasted.png', { type: 'image/png' }))
    window.dispatchEvent(new ClipboardEvent('paste', { clipboardData }))
  }, bytes)
  await page.getByTestId('phrase').waitFor()
  expect(await page.getByTestId('refusal').count()).toBe(0)
})

test('a model that knows only framed parts asks for one, and answers for just that', async () => {
  await deploy(folder, one, { classNames, preprocessing: { input: 'cropped' } })
  const { page, problems } = await open()
  await badge(page, one)
  await page.getByTestId('file').setInputFiles(picture)
  // Of 60 × 40 pixels first the 28 × 28 in the middle, from 16, 6. A pull and a key press move it.
  const frame = page.getByTestId('framing').getByRole('application')
  const box = await frame.boundingBox()
  if (box === null) throw new Error('the frame is not in sight')
  const scale = Math.min(box.width / 60, box.height / 40)
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x - 10 * scale, y + 4 * scale, { steps: 3 })
  await page.mouse.up()
  const corner = { x: x + (14 - 10) * scale, y: y + (14 + 4) * scale }
  await page.mouse.move(corner.x, corner.y)
  await page.mouse.down()
  await page.mouse.move(corner.x + 6 * scale, corner.y - 8 * scale, { steps: 3 })
  await page.mouse.up()
  const asked = page.waitForRequest((request) => request.url().includes('/api/predict'))
  await page.getByText('Look at this part').click()
  expect(new URL((await asked).url()).searchParams.get('part')).toBe('6,10,34,20')
  await page.getByTestId('phrase').waitFor()

  await page.getByText('Another picture').click()
  await page.getByTestId('file').setInputFiles(picture)
  await frame.press('ArrowRight')
  await frame.press('Shift+ArrowUp')
  const again = page.waitForRequest((request) => request.url().includes('/api/predict'))
  await frame.press('Enter')
  expect(new URL((await again).url()).searchParams.get('part')).toBe('17,6,28,27')
  expect(problems).toEqual([])
})

test('with two tasks there is a tab each, moved along by arrow keys, and the address names the task', async () => {
  await deploy(folder, one, { classNames })
  const { page, problems } = await open()
  await badge(page, one)
  expect(await page.getByRole('tab').count()).toBe(0)
  await deploy(folder, other, { task: 'birds' })
  await page.getByRole('tab', { name: 'pets' }).press('ArrowLeft')
  await badge(page, other)
  expect(page.url()).toContain('#birds')
  await page.reload()
  await badge(page, other)
  expect(problems).toEqual([])
})

test('at every width nothing scrolls sideways', async () => {
  const many = Array.from(
    { length: NAMES.length },
    (_, i) => `a very long name of a class, number ${i}, without an end`,
  )
  await deploy(folder, one, { classNames: many })
  const { page } = await open()
  await badge(page, one)
  for (const state of ['list', 'answer']) {
    if (state === 'answer') await page.getByTestId('file').setInputFiles(picture)
    if (state === 'answer') await page.getByText('Keep this answer').click()
    for (const width of [1440, 1024, 720, 390, 320]) {
      await page.setViewportSize({ width, height: 800 })
      expect([state, width, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([
        state,
        width,
        width,
      ])
    }
  }
})
