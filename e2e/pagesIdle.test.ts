// The countdown of a notebook that ends by itself, as people see and stop it.
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { useScene } from './scene.ts'

const ROUND_MS = 1_800_000
const scene = useScene()

/** Seconds that the card of a notebook shows; null without a countdown. */
async function secondsOn(page: Page, name: string): Promise<number | null> {
  const [text = ''] = await page.getByTestId(`notebook-${name}`).getByTestId('exit').allTextContents()
  const [, minutes, seconds] = /Shuts down in (\d+):(\d\d)/.exec(text) ?? []
  return minutes === undefined ? null : Number(minutes) * 60 + Number(seconds)
}
const becomes = (page: Page, name: string, fits: (seconds: number) => boolean) =>
  expect.poll(() => secondsOn(page, name)).toSatisfy((seconds) => seconds !== null && fits(seconds))
const keepOf = (page: Page, name: string) =>
  page.getByTestId(`notebook-${name}`).getByRole('button', { name: 'Keep running 30 min more' })

describe('the card of an idle notebook', () => {
  test('counts down by the store’s clock, and an operator may ask for another round', async () => {
    const agent = await scene.stage.join('pets')
    const { page, problems } = await scene.open('about:blank')
    // A browser whose clock is three hours ahead.
    await page.addInitScript(() => {
      const now = Date.now
      Date.now = () => now() + 3 * 3_600_000
    })
    await page.goto(scene.stage.link)
    await page.getByTestId('notebook-pets').waitFor()
    expect(await secondsOn(page, 'pets')).toBeNull()
    agent.send({ type: 'idle', leftMs: 760_000, afterMs: ROUND_MS })
    await becomes(page, 'pets', (seconds) => seconds <= 760 && seconds > 600)
    const first = (await secondsOn(page, 'pets')) ?? 0
    await becomes(page, 'pets', (seconds) => seconds < first)

    await keepOf(page, 'pets').click()
    await agent.next('keep')
    agent.send({ type: 'idle', leftMs: ROUND_MS, afterMs: ROUND_MS })
    await becomes(page, 'pets', (seconds) => seconds > 1600)
    expect(problems).toEqual([])
  })

  test('is only looked at by viewers, and stands on no notebook that works or is not heard', async () => {
    const idle = await scene.stage.join('pets')
    const { page, problems } = await scene.open(`${scene.stage.store.url}/?token=${scene.stage.store.viewerToken}`)
    idle.send({ type: 'idle', leftMs: 760_000, afterMs: ROUND_MS })
    await becomes(page, 'pets', (seconds) => seconds > 0)
    expect(await keepOf(page, 'pets').count()).toBe(0)

    await scene.stage.api('POST', '/api/jobs', { notebook: 'pets' })
    await page.locator('[data-testid="notebook-pets"][data-state="busy"]').waitFor()
    expect(await secondsOn(page, 'pets')).toBeNull()

    const other = await scene.stage.join('dogs')
    other.send({ type: 'idle', leftMs: 760_000, afterMs: ROUND_MS })
    await becomes(page, 'dogs', (seconds) => seconds > 0)
    await other.cut()
    await page.locator('[data-testid="notebook-dogs"][data-state="unreachable"]').waitFor()
    expect(await secondsOn(page, 'dogs')).toBeNull()
    expect(problems).toEqual([])
  })
})
