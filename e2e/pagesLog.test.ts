// The live log in a real browser: long, cut off, and back again.
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TEST_TIME } from '../store-server/src/testing/fakeAgent.ts'
import { readLog } from './browser.ts'
import { openLine } from './line.ts'
import { becomes, useScene } from './scene.ts'
import { launch, openStage, type Stage, sendLines, train } from './stage.ts'

const scene = useScene()

async function runningJob(stage: Stage) {
  const agent = await stage.join('pets')
  await launch(stage, 'pets')
  return { agent, run: await agent.next('run') }
}
const logOf = (page: Page) => page.getByTestId('log')
const lastSeqOf = (page: Page) => logOf(page).getAttribute('data-last-seq')
const isFollowing = (page: Page) => logOf(page).getAttribute('data-following')
const rowOf = (page: Page, seq: number) => logOf(page).locator(`[data-seq="${seq}"]`)
const isInSight = (page: Page, seq: number) =>
  rowOf(page, seq).evaluate((row) => {
    const box = row.getBoundingClientRect()
    const log = row.closest('[role=log]')?.getBoundingClientRect()
    return log !== undefined && box.top >= log.top - 1 && box.bottom <= log.bottom + 1
  })

describe('the log', () => {
  test('that was scrolled a moment before another takes its place ends quietly', async () => {
    const agent = await scene.stage.join('pets')
    await train(scene.stage, agent, 'pets', 0.4)
    await launch(scene.stage, 'pets')
    await sendLines(agent, await agent.next('run'), 1, 200)
    const { page, problems } = await scene.open()
    await rowOf(page, 200).waitFor()
    const other = page.getByTestId('models-job-1').getByRole('button', { name: 'Job 1' })
    // In one turn: the browser tells of the scrolling with the next drawing.
    await other.evaluate((button: HTMLElement) => {
      document.querySelector('[data-testid=log]')?.scrollTo(0, 0)
      button.click()
    })
    await page.getByRole('region', { name: 'Log of job 1' }).waitFor()
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    expect(problems).toEqual([])
  })

  test('of 20,000 lines keeps few rows, finds and jumps, pauses when scrolled up and follows again', async () => {
    const { agent, run } = await runningJob(scene.stage)
    await sendLines(agent, run, 1, 20_000)
    const { page, problems } = await scene.open()
    // The store says a line of its own when a trial begins.
    await expect.poll(async () => Number(await lastSeqOf(page))).toBeGreaterThanOrEqual(20_000)
    const end = Number(await lastSeqOf(page))
    await rowOf(page, end).waitFor()
    expect(await logOf(page).locator('[data-seq]').count()).toBeLessThan(120)

    await page.keyboard.press('/')
    await page.keyboard.type('line 1999')
    await becomes(() => page.getByTestId('hits').textContent(), '11')
    await page.keyboard.press('Enter')
    await becomes(() => page.getByTestId('hits').textContent(), '1 of 11')
    const here = logOf(page).locator('.here')
    expect(await here.textContent()).toContain('line 1999')
    expect(await here.locator('mark').textContent()).toBe('line 1999')
    await page.keyboard.press('Shift+Enter')
    await becomes(() => page.getByTestId('hits').textContent(), '11 of 11')
    expect(await here.textContent()).toContain('line 19999')
    await page.keyboard.press('Escape')

    await page.keyboard.press('f')
    await becomes(() => isFollowing(page), 'true')
    await logOf(page).hover()
    await page.mouse.wheel(0, -4000)
    await becomes(() => isFollowing(page), 'false')
    await sendLines(agent, run, 20_001, 20_300)
    await page.getByTestId('follow').getByText('Follow · 300 new', { exact: true }).waitFor()
    expect(await rowOf(page, end + 300).count()).toBe(0)
    await page.getByTestId('follow').click()
    await becomes(
      () =>
        rowOf(page, end + 300)
          .count()
          .then((count) => count === 1 && isInSight(page, end + 300)),
      true,
    )
    expect(problems).toEqual([])
  })

  test.runIf(process.env.PAWPRINT_LONG === '1')(
    'of 200,000 lines, as many as an attempt may have, begins with its last ones and reads the others when one scrolls there',
    async () => {
      const { agent, run } = await runningJob(scene.stage)
      await sendLines(agent, run, 1, 200_000)
      const { page, problems } = await scene.open()
      await becomes(async () => Number(await lastSeqOf(page)) >= 200_000, true)
      await rowOf(page, Number(await lastSeqOf(page))).waitFor()
      expect(await logOf(page).locator('[data-seq]').count()).toBeLessThan(120)
      await page.keyboard.press('/')
      await page.keyboard.type('line 19999')
      // Lines 199990 to 199999: the first 100,000 are not here yet.
      await becomes(() => page.getByTestId('hits').textContent(), '10')
      await becomes(async () => {
        await logOf(page).evaluate((log) => log.scrollTo(0, 0))
        return rowOf(page, 1).count()
      }, 1)
      await becomes(() => page.getByTestId('hits').textContent(), '11')
      expect(problems).toEqual([])
    },
  )

  test('that is cut off in mid-stream says so, then has every line once and in order, with a rule where it was cut', async () => {
    const line = await openLine()
    const stage = await openStage({ allowedHosts: [`127.0.0.1:${line.port}`] })
    onTestFinished(() => stage.close())
    // The wire goes before the store, which waits for its connections.
    onTestFinished(() => line.close())
    line.target = stage.store.port
    const { agent, run } = await runningJob(stage)
    await sendLines(agent, run, 1, 500)
    const { page, problems } = await scene.open(`http://127.0.0.1:${line.port}/?token=${stage.store.token}`)
    await expect.poll(async () => Number(await lastSeqOf(page))).toBeGreaterThanOrEqual(500)
    const before = Number(await lastSeqOf(page))
    await logOf(page).hover()
    await page.mouse.wheel(0, -2000)
    await becomes(() => isFollowing(page), 'false')
    const top = await logOf(page).evaluate((log) => log.scrollTop)

    line.cut()
    await page.getByTestId('banner').waitFor()
    expect(await page.getByTestId('connection').textContent()).toContain('Connection lost')
    for (const button of ['launch', 'stop']) expect(await page.getByTestId(button).isDisabled()).toBe(true)
    expect(await page.getByTestId('field-EPOCHS').isDisabled()).toBe(true)
    expect(await page.getByTestId('drop').getAttribute('data-state')).toBe('off')
    await sendLines(agent, run, 501, 1704)

    line.mend()
    const more = sendLines(agent, run, 1705, 2000)
    // The page tries by itself, too, and may be back before the click.
    const back = page.locator('[data-testid=connection][data-status=connected]').waitFor()
    const click = page.getByRole('button', { name: 'Try now' }).click()
    await Promise.any([back, click])
    await back
    await more
    await becomes(() => lastSeqOf(page), String(before + 1500))
    expect(await page.getByTestId('banner').count()).toBe(0)
    expect(await page.getByTestId('launch').isEnabled()).toBe(true)
    expect(await isFollowing(page)).toBe('false')
    expect(await logOf(page).evaluate((log) => log.scrollTop)).toBe(top)

    // A tall window has fewer screens to read through.
    await page.setViewportSize({ width: 1440, height: 4000 })
    const shown = await readLog(page)
    expect(shown.map(({ seq }) => seq)).toEqual(Array.from({ length: before + 1500 }, (_, i) => i + 1))
    const numbers = shown.flatMap(({ text }) => /line (\d+)$/.exec(text)?.[1] ?? [])
    expect(numbers.map(Number)).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1))
    await rowOf(page, before + 1500).waitFor()
    await logOf(page).evaluate((log) => {
      log.scrollTop = 0
    })
    await page.getByTestId('search').fill('line 501')
    await page.getByTestId('search').press('Enter')
    const rule = logOf(page).locator('.caught')
    await rule.waitFor()
    expect(await rule.textContent()).toMatch(/^Reconnected, [\d,]+\u00a0lines caught up$/)
    expect(await rule.evaluate((row) => row.nextElementSibling?.getAttribute('data-seq'))).toBe(String(before + 1))
    // A browser reports each socket and request that it could not open; nothing else may be there.
    expect(problems.filter((problem) => !/WebSocket|net::ERR_/.test(problem))).toEqual([])
  })
})

test('a curve names its last value, and its dot is at its end, as points come', async () => {
  const { agent, run } = await runningJob(scene.stage)
  const { page } = await scene.open()
  const loss = page.locator('figure.chart').first()
  const lossAt = (value: number) =>
    agent.answer(
      agent.records(run, value, [
        { kind: 'metric', time: TEST_TIME, epoch: 1, step: value * 10, name: 'loss', value: 3 - value / 2 },
      ]),
    )
  const dot = async () => {
    const { cx, cy } = await loss.locator('circle').evaluate((circle) => ({
      cx: Number(circle.getAttribute('cx')).toFixed(1),
      cy: Number(circle.getAttribute('cy')).toFixed(1),
    }))
    return `${cx} ${cy}`
  }
  for (const [value, shown] of [
    [1, '2.500'],
    [2, '2.000'],
    [3, '1.500'],
  ] as const) {
    await lossAt(value)
    await becomes(() => loss.locator('figcaption b').textContent(), shown)
    const path = (await loss.locator('path').getAttribute('d')) ?? ''
    expect(path.replace(/h0$/, '').split(/[ML]/).at(-1)).toBe(await dot())
  }
})
