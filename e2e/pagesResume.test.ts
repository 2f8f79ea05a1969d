// What is done again from the page: a job that was stopped by mistake, a model that is to be reproduced; and what is taken along.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { refOf, sha1Of, upload, weightsOf } from '../store-server/src/testing/fakeAgent.ts'
import { useScene } from './scene.ts'
import { deliver, launch } from './stage.ts'

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

const FILES = {
  'model.onnx': Buffer.alloc(2_345_678, 'o'),
  'tfjs/model.json': Buffer.alloc(4_321, 'j'),
  'tfjs/group1-shard1of1.bin': Buffer.alloc(2_312_000, 'b'),
}

/** A model with files, made by a trial of `pets`. */
async function withFiles() {
  const agent = await scene.stage.join('pets')
  await launch(scene.stage, 'pets', { SEED: 9 })
  const run = await agent.next('run')
  const artifacts = Object.entries(FILES).map(([name, bytes]) => ({
    name,
    sha1: sha1Of(bytes),
    sizeBytes: bytes.length,
  }))
  for (const bytes of Object.values(FILES)) await upload(scene.stage.store, bytes)
  return { agent, sha1: await deliver(scene.stage, agent, run, 0.5, { artifacts }, weightsOf(50, 51)) }
}
const openDrawer = async (sha1: string) => {
  const { page, problems } = await scene.open()
  await page.goto(`${scene.stage.store.url}/#model/${sha1}`)
  await page.getByTestId('downloads').waitFor()
  return { page, problems }
}
async function saved(page: Page, text: string): Promise<[string, string]> {
  const begun = page.waitForEvent('download')
  await page.getByTestId('downloads').getByRole('link', { name: text }).click()
  const download = await begun
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-downloads-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await download.saveAs(join(folder, 'file'))
  return [download.suggestedFilename(), sha1Of(await readFile(join(folder, 'file')))]
}

test('the drawer offers weights, an ONNX file and TensorFlow.js files, each saved whole under a name that makes sense', async () => {
  const { sha1 } = await withFiles()
  const { page, problems } = await openDrawer(sha1)
  const short = sha1.slice(0, 7)
  const titles = await page.getByTestId('downloads').locator('dt').allTextContents()
  expect(titles).toEqual(['Weights', 'ONNX', 'TensorFlow.js'])
  expect(
    await page
      .getByTestId('downloads')
      .getByRole('link', { name: `${short}.onnx` })
      .textContent(),
  ).toContain('2.3\u00a0MB')
  expect(await saved(page, `${short}.safetensors`)).toEqual([`${sha1}.safetensors`, sha1])
  expect(await saved(page, `${short}.onnx`)).toEqual([`${sha1}.onnx`, sha1Of(FILES['model.onnx'])])
  expect(await saved(page, 'model.json')).toEqual(['model.json', sha1Of(FILES['tfjs/model.json'])])
  expect(await saved(page, 'group1')).toEqual(['group1-shard1of1.bin', sha1Of(FILES['tfjs/group1-shard1of1.bin'])])
  expect(problems).toEqual([])
})

test('Reproduce trains a model again, exactly; drawer and job say what came of it, also on a page that is opened later', async () => {
  const { agent, sha1 } = await withFiles()
  const other = sha1Of(weightsOf(60))
  const { page, problems } = await openDrawer(sha1)
  const drawer = page.getByRole('dialog')
  await drawer.getByTestId('reproduce').click()
  const same = await agent.next('run')
  expect(same).toMatchObject({ seed: 9, trials: 1, engine: 'fake' })
  await drawer.getByText('Being trained again').waitFor()
  expect(await drawer.getByTestId('reproduce').isDisabled()).toBe(true)
  await drawer.getByRole('button', { name: 'Job 2' }).click()
  const job = page.getByTestId('job-2')
  await job.getByText(`Trains ${sha1.slice(0, 7)} again`).waitFor()
  await deliver(scene.stage, agent, same, 0.5, {}, weightsOf(50, 51))
  await job.getByText('Reproduced: the same bytes').waitFor()

  await job
    .getByRole('link', { name: sha1.slice(0, 7) })
    .first()
    .click()
  await drawer.getByText('Reproduced: the same bytes').waitFor()
  await drawer.getByTestId('reproduce').click()
  await deliver(scene.stage, agent, await agent.next('run'), 0.4, {}, weightsOf(60))
  await drawer.getByText('Differs:').waitFor()
  const later = await openDrawer(sha1)
  await later.page.getByRole('dialog').getByText('Differs:').waitFor()
  await later.page.getByTestId('job-3').getByText('Differs:').waitFor()
  await drawer
    .getByTestId('reproduced')
    .getByRole('link', { name: other.slice(0, 7) })
    .click()
  await page.getByRole('dialog', { name: `Model ${other.slice(0, 7)}` }).waitFor()
  expect(problems).toEqual([])

  agent.send({ type: 'goodbye' })
  await later.page.getByTestId('reproduce').click()
  await later.page.getByTestId('toast').getByText('expected a running kernel').waitFor()
  expect(later.problems.filter((problem) => !problem.includes('409'))).toEqual([])
})
