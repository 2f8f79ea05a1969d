import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Prediction } from '@pawprint/protocol'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { blobPath, currentPath } from './folder.ts'
import { testDemo, testPage } from './testing/demo.ts'
import { CLASS_NAMES, currentOf, deploy, makeModel, put, SIDE, type TestModel } from './testing/model.ts'

let one: TestModel
let two: TestModel
let three: TestModel
beforeAll(async () => {
  one = await makeModel(1)
  two = await makeModel(2)
  three = await makeModel(3)
})

const noise = (seed: number): Uint8Array =>
  Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 97 + seed * 31 + ((i * i) % 251)) % 256)
const pngOf = async (pixels: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  Uint8Array.from(
    await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .png()
      .toBuffer(),
  )

async function ask(
  url: string,
  body: NonNullable<RequestInit['body']>,
  task = 'pets',
): Promise<{ status: number; answer: Prediction }> {
  const response = await fetch(`${url}api/predict?task=${task}`, { method: 'POST', body })
  return { status: response.status, answer: (await response.json()) as Prediction }
}
const byClass = (answer: Prediction): number[] =>
  CLASS_NAMES.map((name) => answer.predictions.find(({ className }) => className === name)?.probability ?? Number.NaN)

test('a picture of the size of the model gets the probabilities that TensorFlow.js computes from its pixels', async () => {
  const demo = await testDemo()
  const page = await testPage(demo.url)
  await deploy(demo.folder, one)
  await page.task('pets', ({ served }) => served?.sha1 === one.sha1)
  for (const seed of [1, 2, 3]) {
    const expected = await one.predict(noise(seed))
    const { answer } = await ask(demo.url, await pngOf(noise(seed)))
    expect(answer).toMatchObject({ task: 'pets', sha1: one.sha1 })
    byClass(answer).forEach((p, i) => {
      expect(p).toBeCloseTo(expected[i] ?? Number.NaN, 5)
    })
    const shown = answer.predictions.map(({ probability }) => probability)
    expect(shown).toEqual([...shown].sort((a, b) => b - a))
  }
})

test('a folder that is missing at the start, then a first model, then a better one: both reach the open pages', async () => {
  const demo = await testDemo()
  await rm(demo.folder, { recursive: true, force: true })
  await demo.close()
  const again = await testDemo({ folder: demo.folder })
  const [first, second] = [await testPage(again.url), await testPage(again.url)]
  expect((await ask(again.url, await pngOf(noise(1)))).status).toBe(503)
  await deploy(again.folder, one, { revision: 1, accuracy: 0.401 })
  await first.task('pets', ({ served }) => served?.sha1 === one.sha1)
  await deploy(again.folder, two, { revision: 2, accuracy: 0.436 })
  for (const page of [first, second]) {
    const task = await page.task('pets', ({ served }) => served?.sha1 === two.sha1)
    expect(task).toMatchObject({ classNames: CLASS_NAMES, refused: null })
    expect(task.served).toMatchObject({
      testAccuracy: 0.436,
      revision: 2,
      testCount: 10_000,
      width: SIDE,
      height: SIDE,
    })
  }
  expect((await ask(again.url, await pngOf(noise(1)))).answer.sha1).toBe(two.sha1)
  const current = await (await fetch(`${again.url}api/current`)).json()
  expect(current).toEqual({
    items: [
      {
        task: 'pets',
        sha1: two.sha1,
        classNames: CLASS_NAMES,
        testAccuracy: 0.436,
        deployedAt: '2027-05-03T12:00:02.000Z',
      },
    ],
    next: null,
  })
})

test('of many quick deployments the newest wins, and none is swapped in after a newer one', async () => {
  const demo = await testDemo()
  const page = await testPage(demo.url)
  const models = [one, two, three]
  for (let revision = 1; revision <= 20; revision++)
    await deploy(demo.folder, models[revision % 3] ?? one, { revision })
  const task = await page.task('pets', ({ served }) => served?.revision === 20)
  expect(task.served?.sha1).toBe(models[20 % 3]?.sha1)
  // A roll back to weights that served before is a deployment like any other.
  await deploy(demo.folder, one, { revision: 21 })
  await page.task('pets', ({ served }) => served?.revision === 21 && served.sha1 === one.sha1)
})

test('predictions under way during a reload all end, each wholly on one model', async () => {
  const demo = await testDemo()
  await deploy(demo.folder, one)
  const page = await testPage(demo.url)
  await page.task('pets', ({ served }) => served !== null)
  const png = await pngOf(noise(5))
  const expected = new Map([
    [one.sha1, await one.predict(noise(5))],
    [two.sha1, await two.predict(noise(5))],
  ])
  const asked = Array.from({ length: 12 }, () => ask(demo.url, png))
  await deploy(demo.folder, two, { revision: 2 })
  await page.task('pets', ({ served }) => served?.sha1 === two.sha1)
  asked.push(...Array.from({ length: 4 }, () => ask(demo.url, png)))
  for (const { status, answer } of await Promise.all(asked)) {
    expect(status).toBe(200)
    byClass(answer).forEach((p, i) => {
      expect(p).toBeCloseTo(expected.get(answer.sha1)?.[i] ?? Number.NaN, 5)
    })
  }
})

test('after a restart the demo serves what the folder says, and not a model that is gone from it', async () => {
  const demo = await testDemo()
  await deploy(demo.folder, one, { task: 'pets' })
  await deploy(demo.folder, two, { task: 'cars' })
  const page = await testPage(demo.url)
  await page.task('cars', ({ served }) => served !== null)
  await demo.close()
  await deploy(demo.folder, three, { task: 'pets', revision: 2 })
  await rm(currentPath(demo.folder, 'cars'))
  const again = await testDemo({ folder: demo.folder })
  // All that was there at the start is loaded before the address is known: no waiting here.
  expect((await ask(again.url, await pngOf(noise(1)))).answer.sha1).toBe(three.sha1)
  expect((await ask(again.url, await pngOf(noise(1)), 'cars')).status).toBe(404)
})

test('a store that is cleared takes its models along, and the next first model is found', async () => {
  const demo = await testDemo()
  await deploy(demo.folder, one)
  const page = await testPage(demo.url)
  await page.task('pets', ({ served }) => served !== null)
  await rm(join(demo.folder, 'deployed'), { recursive: true })
  await page.task('pets', ({ served, classNames }) => served === null && classNames.length === CLASS_NAMES.length)
  expect((await ask(demo.url, await pngOf(noise(1)))).status).toBe(503)
  await deploy(demo.folder, two)
  await page.task('pets', ({ served }) => served?.sha1 === two.sha1)
})

test('weights that arrive after their current.json are loaded when they are there', async () => {
  const demo = await testDemo()
  const page = await testPage(demo.url)
  await put(currentPath(demo.folder, 'pets'), JSON.stringify(currentOf(one)))
  await page.task('pets', ({ refused }) => refused?.error.code === 'E_BLOB_MISSING')
  await put(blobPath(demo.folder, one.sha1), one.bytes)
  await page.task('pets', ({ served }) => served?.sha1 === one.sha1)
})
