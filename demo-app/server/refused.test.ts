import { createHash } from 'node:crypto'
import { readSafetensors, type Sha1, type Tensor, writeSafetensors } from '@pawprint/protocol'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { blobPath, currentPath } from './folder.ts'
import { testDemo, testPage } from './testing/demo.ts'
import { currentOf, deploy, makeModel, put, SIDE, type TestModel } from './testing/model.ts'

let one: TestModel
let two: TestModel
let three: TestModel
beforeAll(async () => {
  one = await makeModel(1)
  two = await makeModel(2)
  three = await makeModel(3)
})

type Current = ReturnType<typeof currentOf>
type Spoil = (folder: string) => Promise<void>
/** Deploys the second model with a current.json that says something else. */
const saying =
  (change: (current: Current) => unknown): Spoil =>
  async (folder) => {
    await put(blobPath(folder, two.sha1), two.bytes)
    await put(currentPath(folder, 'pets'), JSON.stringify(change(currentOf(two, { revision: 2 }))))
  }
const withWeights =
  (change: (bytes: Uint8Array) => Uint8Array): Spoil =>
  (folder) =>
    deploy(folder, two, { revision: 2 }, change(two.bytes))
const withModel =
  (change: Partial<Current['model']>): Spoil =>
  (folder) =>
    saying((current) => ({ ...current, model: { ...current.model, ...change } }))(folder)
async function notANumber(folder: string): Promise<void> {
  const [first, ...rest] = readSafetensors(two.bytes)
  const bytes = writeSafetensors([
    { ...(first as Tensor), data: first?.data.fill(Number.NaN) ?? new Float32Array() },
    ...rest,
  ])
  const sha1 = createHash('sha1').update(bytes).digest('hex') as Sha1
  await deploy(folder, { ...two, bytes, sha1 }, { revision: 2 })
}

test.each<[string, string, Spoil]>([
  ['one flipped bit', 'E_BLOB_HASH', withWeights((bytes) => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1))],
  ['a truncated file', 'E_BLOB_SIZE', withWeights((bytes) => bytes.slice(0, -4))],
  ['an empty file', 'E_BLOB_SIZE', withWeights(() => new Uint8Array())],
  [
    'weights that are not there',
    'E_BLOB_MISSING',
    async (folder) => {
      await put(currentPath(folder, 'pets'), JSON.stringify(currentOf(two, { revision: 2 })))
    },
  ],
  ['half a current.json', 'E_JSON', (folder) => put(currentPath(folder, 'pets'), '{"deployment": {')],
  ['a current.json without topology', 'E_MODEL', saying((current) => ({ ...current, topology: null }))],
  [
    'the current.json of another task',
    'E_CURRENT',
    saying((current) => ({ ...current, task: { ...current.task, name: 'cars' } })),
  ],
  [
    'a deployment of other weights',
    'E_CURRENT',
    saying((current) => ({ ...current, deployment: { ...current.deployment, sha1: one.sha1 } })),
  ],
  ['fewer class names than outputs', 'E_MODEL', withModel({ classNames: ['cat', 'dog'] })],
  ['a weight that is no number', 'E_CANARY', notANumber],
])('%s is refused with %s; the old model keeps answering until a good one comes', async (_what, code, spoil) => {
  const demo = await testDemo()
  const page = await testPage(demo.url)
  await deploy(demo.folder, one, { revision: 1 })
  await page.task('pets', ({ served }) => served?.sha1 === one.sha1)
  await spoil(demo.folder)
  const task = await page.task('pets', ({ refused }) => refused !== null)
  expect(task.refused?.error.code).toBe(code)
  expect(task.served?.sha1).toBe(one.sha1)
  const png = await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#777' } })
    .png()
    .toBuffer()
  const answer = await fetch(`${demo.url}api/predict`, { method: 'POST', body: Uint8Array.from(png) })
  expect(await answer.json()).toMatchObject({ sha1: one.sha1 })
  await deploy(demo.folder, three, { revision: 3 })
  expect((await page.task('pets', ({ served }) => served?.sha1 === three.sha1)).refused).toBeNull()
})
