// A job that was stopped by mistake goes on from the page.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refOf, upload, weightsOf } from '../store-server/src/testing/fakeAgent.ts'
import { launchBrowser, openPage } from './browser.ts'
import { launch, openStage, type Stage } from './stage.ts'

const TIMEOUT_MS = 120_000
let browser: Browser
let stage: Stage
beforeAll(async () => {
  browser = await launchBrowser()
  stage = await openStage()
}, TIMEOUT_MS)
afterAll(async () => {
  await browser?.close()
  await stage?.close()
}, TIMEOUT_MS)

test('Resume lets stopped trials go on: one from its checkpoint, one from its start', {
  timeout: TIMEOUT_MS,
}, async () => {
  const agent = await stage.join('pets')
  const { page, problems } = await openPage(browser, stage.link)
  await launch(stage, 'pets', { LEARNING_RATE: [0.001, 0.002] })
  const run = await agent.next('run')
  const sha1 = await upload(stage.store, weightsOf(5))
  agent.send({ type: 'checkpoint', id: 'c', ...refOf(run), sha1, step: 40, progress: 0.4 })
  await agent.answer('c')
  await page.getByTestId('stop').click()
  await agent.next('stop')
  agent.send({ type: 'cancelled', id: 'x', ...refOf(run), reason: 'stopped by a person' })
  const states = (state: string) => page.locator(`[data-testid^=trial-][data-state=${state}]`)
  await states('cancelled').nth(1).waitFor()

  await page.getByRole('button', { name: 'Resume' }).click()
  const again = await agent.next('run')
  expect(again).toMatchObject({ job: run.job, trial: 0, attempt: 2, checkpoint: { sha1, step: 40 } })
  await states('running').getByText('40 % done').waitFor()
  await agent.finish(again, 1, 0.5)
  const second = await agent.next('run')
  expect([second.trial, second.attempt, second.checkpoint]).toEqual([1, 1, undefined])
  await agent.finish(second, 2, 0.6)
  await page.locator('[data-testid=job-1][data-state=done]').waitFor()
  expect(problems).toEqual([])
})
