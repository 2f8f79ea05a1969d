import { readFile, writeFile } from 'node:fs/promises'
import type { Sha1 } from '@pawprint/protocol'
import { beforeAll, expect, test } from 'vitest'
import { makeCertificate } from '../../store-server/src/testing/certificate.ts'
import { blobPath, currentPath } from './folder.ts'
import { retryWaitMs } from './store.ts'
import { newFolder, testDemo, testPage } from './testing/demo.ts'
import { currentOf, deploy, makeModel, put, type TestModel } from './testing/model.ts'
import { TOKEN, testStore } from './testing/store.ts'

let one: TestModel
let two: TestModel
beforeAll(async () => {
  one = await makeModel(1)
  two = await makeModel(2)
})
const serving = (sha1: Sha1 | null, code: string | null) => (message: { type: string }) =>
  message.type === 'serving' &&
  'sha1' in message &&
  message.sha1 === sha1 &&
  ((message as { error?: { code: string } | null }).error?.code ?? null) === code

test('the store hears what is served, and when a model was refused', async () => {
  const store = await testStore()
  const demo = await testDemo({ store: store.url, token: TOKEN })
  // As in a folder that belongs to a store.
  await put(`${demo.folder}/registry.json`, '{}')
  expect(await store.heard(({ type }) => type === 'hello')).toMatchObject({ role: 'demo', version: 1 })
  await deploy(demo.folder, one, { revision: 1 })
  await store.heard(serving(one.sha1, null))
  await deploy(demo.folder, two, { revision: 2 }, one.bytes)
  const refused = await store.heard(serving(one.sha1, 'E_BLOB_HASH'))
  expect(refused).toMatchObject({ task: 'pets', error: { at: `${two.sha1} sha1`, expected: two.sha1, got: one.sha1 } })
  await deploy(demo.folder, two, { revision: 3 })
  await store.heard(serving(two.sha1, null))
  expect(store.downloads).toEqual([])
})

test('an empty folder is filled from the store, and a deployment seen again is neither fetched nor loaded again', async () => {
  const store = await testStore()
  store.weights.set(one.sha1, one.bytes).set(two.sha1, two.bytes)
  store.deploy(currentOf(one, { revision: 1 }))
  const demo = await testDemo({ store: store.url, token: TOKEN })
  await store.heard(serving(one.sha1, null))
  expect(new Uint8Array(await readFile(blobPath(demo.folder, one.sha1)))).toEqual(one.bytes)
  expect(JSON.parse(await readFile(currentPath(demo.folder, 'pets'), 'utf8'))).toEqual(currentOf(one, { revision: 1 }))
  // The store restarts, and says again what is deployed.
  store.cut()
  store.deploy(currentOf(two, { revision: 2 }))
  await store.heard(serving(two.sha1, null))
  // Back to weights that are here already.
  store.deploy(currentOf(one, { revision: 3 }))
  const page = await testPage(demo.url)
  await page.task('pets', ({ served }) => served?.revision === 3)
  expect(store.downloads).toEqual([one.sha1, two.sha1])
  expect(demo.lines.filter((line) => line.startsWith('pets: serving'))).toHaveLength(3)
})

test('weights that the store delivers wrongly are not kept; the old model answers until they come rightly', async () => {
  const store = await testStore()
  store.weights.set(one.sha1, one.bytes).set(two.sha1, one.bytes)
  store.deploy(currentOf(one, { revision: 1 }))
  const demo = await testDemo({ store: store.url, token: TOKEN })
  await store.heard(serving(one.sha1, null))
  store.deploy(currentOf(two, { revision: 2 }))
  await store.heard(serving(one.sha1, 'E_BLOB_HASH'))
  await expect(readFile(blobPath(demo.folder, two.sha1))).rejects.toThrow('ENOENT')
  store.weights.set(two.sha1, two.bytes)
  await store.heard(serving(two.sha1, null))
})

test('a store that refuses the token is not asked again, and the folder is served all the same', async () => {
  const store = await testStore()
  const demo = await testDemo({ store: store.url, token: 'another' })
  await deploy(demo.folder, one)
  const page = await testPage(demo.url)
  await page.task('pets', ({ served }) => served?.sha1 === one.sha1)
  expect(await demo.line('refuses this demo')).toContain('401')
  await deploy(demo.folder, two, { revision: 2 })
  await page.task('pets', ({ served }) => served?.sha1 === two.sha1)
  expect(store.refused()).toBe(1)
})

test('a token that was replaced in the folder is read once more; one that is wrong, too, ends the tries', async () => {
  const store = await testStore()
  const folder = await newFolder()
  await writeFile(`${folder}/token`, 'of-the-operator')
  await writeFile(`${folder}/token-viewer`, `${TOKEN}\n`)
  const demo = await testDemo({ store: store.url, folder })
  await store.heard(({ type }) => type === 'hello')
  expect(store.refused()).toBe(0)
  store.replaceToken('second')
  await writeFile(`${folder}/token-viewer`, 'second')
  store.cut()
  await store.heardTimes('hello', 2)
  store.replaceToken('third')
  store.cut()
  expect(await demo.line('refuses this demo')).toContain('401')
  const tries = store.refused()
  expect(tries).toBeLessThanOrEqual(2)
})

test('a store whose certificate is not trusted is told once, with what to do, and tried again', async () => {
  const { certFile, keyFile } = await makeCertificate('DNS:localhost')
  const other = await testDemo({ certFile, keyFile })
  const demo = await testDemo({ store: new URL(other.url.replace('https', 'wss')), token: TOKEN })
  const line = await demo.line('is not trusted here')
  expect(line).toContain('self-signed certificate')
  expect(line).toContain('NODE_EXTRA_CA_CERTS=FILE')
})

test('waits between tries double from 0.5 s to 30 s, times a random number', () => {
  expect([1, 2, 3, 6, 7, 8, 100].map((tries) => retryWaitMs(tries, 0.5))).toEqual([
    250, 500, 1000, 8000, 15_000, 15_000, 15_000,
  ])
})
