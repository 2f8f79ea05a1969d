// The pages for everyone: on every width, in both themes, and by axe.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { makeModel } from '../demo-app/server/testing/model.ts'
import { WAIT_MS } from './browser.ts'
import { CLASS_NAMES, fillStage } from './hostile.ts'
import { useScene } from './scene.ts'
import { deliverReal, TASK } from './stage.ts'

const THEMES = ['light', 'dark'] as const
/** npm run test:all looks at everything in both themes; npm test at each width in one of them, as colours move nothing. */
const IS_LONG = process.env.PAWPRINT_LONG !== undefined
const WIDTHS = [1440, 1024, 720, 390, 320]
const scene = useScene()

async function openDemo(open: (url: string) => Promise<Page>): Promise<Page> {
  const made = await makeModel(1, 3, CLASS_NAMES.length)
  const agent = await scene.stage.join('pets', { task: { ...TASK, classNames: CLASS_NAMES } })
  await deliverReal(scene.stage, agent, 'pets', made, 0.5, CLASS_NAMES)
  const page = await open((await scene.stage.demo()).url)
  await page.getByTestId('class-list').waitFor()
  return page
}
async function lookAtPicture(page: Page): Promise<void> {
  const flat = sharp({ create: { width: 40, height: 30, channels: 3, background: '#8090a0' } })
  const buffer = await flat.png().toBuffer()
  await page.getByTestId('file').setInputFiles({ name: 'a picture.png', mimeType: 'image/png', buffer })
  await page.getByRole('button', { name: 'Keep this answer' }).click()
}

/** What is known of the data of the job in view. */
async function openData(page: Page): Promise<void> {
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.getByTestId('job-data').click()
  await page.getByRole('dialog').locator('.balance').waitFor()
}

/** Strips that are meant to scroll sideways. */
const STRIPS = '.notebooks, .live, .tasks, .past ol'

/** What sticks out of the page, or scrolls sideways without being meant to. */
const overflowOf = (page: Page): Promise<string[]> =>
  page.evaluate((strips) => {
    const found = new Set<string>()
    const nameOf = (element: Element) => `${element.tagName}.${element.getAttribute('class') ?? ''}`
    if (document.documentElement.scrollWidth > innerWidth) found.add(`page ${document.documentElement.scrollWidth}`)
    for (const element of document.querySelectorAll('body *')) {
      if (element.closest(strips) !== null || element.closest('.vh, .tip-box, .mark, .lines') !== null) continue
      const scrolls = /auto|scroll/.test(getComputedStyle(element).overflowX)
      if (scrolls && element.scrollWidth > element.clientWidth) found.add(`${nameOf(element)} ${element.scrollWidth}`)
      const { left, right, width } = element.getBoundingClientRect()
      if (width > 0 && (right > innerWidth + 1 || left < -1)) found.add(`${nameOf(element)} ${left} to ${right}`)
    }
    const log = document.querySelector('.lines')
    if (log !== null && log.scrollWidth > log.clientWidth) found.add(`log ${log.scrollWidth}`)
    return [...found]
  }, STRIPS)

async function expectNoOverflow(page: Page, state: string, tabs: readonly string[] = []): Promise<void> {
  for (const [at, width] of WIDTHS.entries())
    for (const colorScheme of IS_LONG ? THEMES : ([at % 2 === 0 ? 'light' : 'dark'] as const)) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      const areas = width < 720 && tabs.length > 0 ? tabs : [null]
      for (const name of areas) {
        if (name !== null) await page.getByRole('tab', { name }).click()
        const message = `${state}, ${width} px, ${colorScheme}, ${name ?? 'all'}`
        // What is measured in the page follows a new width one drawing later.
        await expect.poll(() => overflowOf(page), { message }).toEqual([])
      }
    }
}

describe('on every width, in both themes, nothing sticks out', () => {
  const TABS = ['Notebooks', 'Job', 'Models']
  test('of the store’s page', async () => {
    const { page: empty } = await scene.open()
    await empty.getByTestId('no-notebook').waitFor()
    await expectNoOverflow(empty, 'empty', TABS)
    await empty.close()
    const { best } = await fillStage(scene.stage)
    const { page } = await scene.open()
    await page.getByTestId('stop').waitFor()
    await expectNoOverflow(page, 'full', TABS)
    await openData(page)
    await expectNoOverflow(page, 'data')
    await page.keyboard.press('Escape')
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.getByRole('button', { name: 'Lines' }).click()
    await page.getByTestId('field-EPOCHS').fill('a very long text that is no number')
    await expectNoOverflow(page, 'lines and a bad value', TABS)
    await page.goto(`${scene.stage.store.url}/#model/${best}`)
    await page.getByRole('dialog').locator('.matrix button').first().click()
    await page.getByTestId('thumbnails').getByRole('img').first().waitFor()
    await expectNoOverflow(page, 'drawer')
  })

  test('of the demo', async () => {
    const page = await openDemo(async (url) => (await scene.open(url)).page)
    await expectNoOverflow(page, 'idle')
    await lookAtPicture(page)
    await expectNoOverflow(page, 'answered')
  })
})

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']

/** A page into which axe may be put: the only one without its content security policy. */
async function openForAxe(url: string): Promise<Page> {
  const viewport = { width: 1440, height: 900 }
  const context = await scene.browser.newContext({ bypassCSP: true, reducedMotion: 'reduce', viewport })
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS)
  await page.goto(url)
  return page
}

async function expectNoViolation(page: Page, state: string): Promise<void> {
  const source = await readFile(AXE, 'utf8')
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme })
    // Colours on their way from one theme to the other are nobody's choice.
    await page.evaluate(async () => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      await Promise.allSettled(document.getAnimations().map(({ finished }) => finished))
    })
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source)
    // All rules in the light theme; in the dark one those of its colours.
    const runOnly: axe.RunOnly =
      IS_LONG || colorScheme === 'light' ? { type: 'tag', values: RULES } : { type: 'rule', values: COLOUR_RULES }
    const violations = await page.evaluate(async (runOnly) => {
      const { run } = (window as unknown as { axe: typeof axe }).axe
      const result = await run(document, { runOnly, resultTypes: ['violations'] })
      return result.violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, any, all }) => `${id}: ${html} ${[...any, ...all][0]?.message ?? ''}`),
      )
    }, runOnly)
    expect(violations, `${state}, ${colorScheme}`).toEqual([])
  }
}

describe('axe finds no violation', () => {
  test('in the store’s page', async () => {
    const empty = await openForAxe(scene.stage.link)
    await empty.getByTestId('no-notebook').waitFor()
    await expectNoViolation(empty, 'empty')
    await empty.context().close()
    const { best } = await fillStage(scene.stage)
    const page = await openForAxe(scene.stage.link)
    await page.getByTestId('stop').waitFor()
    await expectNoViolation(page, 'full')
    await openData(page)
    await expectNoViolation(page, 'data')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Lines' }).click()
    await page.getByTestId('field-EPOCHS').fill('ten')
    await expectNoViolation(page, 'lines and a bad value')
    await page.getByTestId('clear').click()
    await expectNoViolation(page, 'clear')
    await page.keyboard.press('Escape')
    await page.goto(`${scene.stage.store.url}/#model/${best}`)
    await page.getByRole('dialog').locator('.matrix button').first().click()
    await page.getByTestId('thumbnails').getByRole('img').first().waitFor()
    await expectNoViolation(page, 'drawer')
    await page.keyboard.press('Escape')
    await page.setViewportSize({ width: 390, height: 844 })
    await expectNoViolation(page, 'narrow')
  })

  test('in the demo', async () => {
    const page = await openDemo(openForAxe)
    await expectNoViolation(page, 'idle')
    await lookAtPicture(page)
    await expectNoViolation(page, 'answered')
  })
})
