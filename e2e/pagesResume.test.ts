// A job that was stopped by mistake goes on from the page.
import { expect, test } from 'vitest'
import { refOf, upload, weightsOf } from '../store-server/src/testing/fakeAgent.ts'
import { useScene } from './scene.ts'
import { launch } from './stage.ts'

const scene = useScene()

test('Resume lets stopped trials go on: one from its checkpoint, one from its start', async () => {
  const agent = await scene.stage.join('pets')
  const { page, problems } = await scene.open()
  await launch(scene.stage, 'pets', { LEARNING_RATE: [0.001, 0.002] })
  const run = await agent.next('run')
  const sha1 = await upload(scene.stage.store, weightsOf(5))
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
