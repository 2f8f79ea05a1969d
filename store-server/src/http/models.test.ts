import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { RunningStore } from '../startStore.ts'
import { call, fakeAgent, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'
import { isKnown, partOf } from './range.ts'

async function withNotebook() {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  return { store, agent }
}

const blobOf = (bytes: Uint8Array) => ({
  sha1: sha1Of(bytes),
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sizeBytes: bytes.length,
  kind: 'weights',
})
const send = (store: RunningStore, id: string, offset: number | string, bytes: Uint8Array) =>
  call(store, 'PATCH', `/api/uploads/${id}`, bytes, { 'upload-offset': String(offset) })

test('an upload goes in parts, says where it is, and is there at once the second time', async () => {
  const store = await startTestStore()
  const bytes = weightsOf(1, 2, 3)
  const made = await call(store, 'POST', '/api/uploads', blobOf(bytes))
  expect(made).toMatchObject({ status: 201, json: { offset: 0, complete: false, sizeBytes: bytes.length } })
  const { id } = made.json
  expect(await send(store, id, 0, bytes.slice(0, 10))).toMatchObject({ status: 200, json: { offset: 10 } })
  const head = await call(store, 'HEAD', `/api/uploads/${id}`)
  expect([head.status, head.headers.get('upload-offset'), head.headers.get('upload-length')]).toEqual([
    200,
    '10',
    String(bytes.length),
  ])
  expect(await send(store, id, 3, bytes.slice(3))).toMatchObject({
    status: 409,
    json: { error: { code: 'E_OFFSET', expected: '10' } },
  })
  expect((await call(store, 'POST', `/api/uploads/${id}/commit`)).status).toBe(409)
  expect((await send(store, id, 10, bytes.slice(10))).status).toBe(200)
  const { kind: _, ...blob } = blobOf(bytes)
  expect(await call(store, 'POST', `/api/uploads/${id}/commit`)).toMatchObject({ status: 201, json: blob })
  expect((await call(store, 'POST', `/api/uploads/${id}/commit`)).status).toBe(201)
  expect(await call(store, 'POST', '/api/uploads', blobOf(bytes))).toMatchObject({
    status: 200,
    json: { complete: true },
  })
})

test.each([
  ['other bytes than the name says', { sha1: 'a'.repeat(40) }, 422, 'E_DIGEST'],
  ['other bytes than the second digest says', { sha256: 'a'.repeat(64) }, 422, 'E_DIGEST'],
])('an upload of %s is refused when it is whole', async (_, over, status, code) => {
  const store = await startTestStore()
  const bytes = weightsOf(1)
  const { json } = await call(store, 'POST', '/api/uploads', { ...blobOf(bytes), ...over })
  await send(store, json.id, 0, bytes)
  expect(await call(store, 'POST', `/api/uploads/${json.id}/commit`)).toMatchObject({
    status,
    json: { error: { code } },
  })
  expect((await call(store, 'HEAD', `/api/uploads/${json.id}`)).status).toBe(404)
})

test.each([
  ['3 GiB', { sizeBytes: 3 * 2 ** 30 }, 413, 'E_TOO_LARGE'],
  ['no bytes', { sizeBytes: 0 }, 422, 'E_MESSAGE'],
  ['half a byte', { sizeBytes: 1.5 }, 422, 'E_MESSAGE'],
  ['a size in words', { sizeBytes: '1e9' }, 422, 'E_MESSAGE'],
  ['an unknown kind', { kind: 'pickle' }, 422, 'E_MESSAGE'],
])('an upload of %s is refused before it begins', async (_, over, status, code) => {
  const store = await startTestStore()
  const answer = await call(store, 'POST', '/api/uploads', { ...blobOf(weightsOf(1)), ...over })
  expect(answer).toMatchObject({ status, json: { error: { code } } })
})

test('the same name for other bytes is a collision; more bytes than said are too many; an offset is digits', async () => {
  const store = await startTestStore()
  const bytes = weightsOf(1)
  await upload(store, bytes)
  const collision = await call(store, 'POST', '/api/uploads', { ...blobOf(bytes), sha256: 'b'.repeat(64) })
  expect(collision).toMatchObject({ status: 409, json: { error: { code: 'E_COLLISION' } } })
  const { json } = await call(store, 'POST', '/api/uploads', blobOf(weightsOf(2)))
  for (const offset of ['-1', '0x0', '1e0', 'NaN', '18446744073709551616', ''])
    expect((await send(store, json.id, offset, bytes)).status, offset).toBe(400)
  expect((await send(store, json.id, 0, Buffer.concat([bytes, bytes]))).status).toBe(413)
})

test.each([
  ['bytes=0-3', { type: 'part', start: 0, end: 4 }],
  ['bytes=5-', { type: 'part', start: 5, end: 10 }],
  ['bytes=-3', { type: 'part', start: 7, end: 10 }],
  ['bytes=-99', { type: 'part', start: 0, end: 10 }],
  ['bytes=8-99', { type: 'part', start: 8, end: 10 }],
  ['bytes=10-', { type: 'beyond' }],
  ['bytes=-0', { type: 'beyond' }],
  ['bytes=5-2', { type: 'all' }],
  ['bytes=-', { type: 'all' }],
  ['bytes=0-1,3-4', { type: 'all' }],
  ['items=0-1', { type: 'all' }],
  ['bytes=0-9999999999999999999', { type: 'all' }],
])('%s of ten bytes', (range, expected) => {
  expect(partOf(range, undefined, '"e"', 10)).toEqual(expected)
})

test('a tag is known alone, in a list, when weak, and as a star', () => {
  for (const header of ['"e"', '"d", "e"', 'W/"e"', '*']) expect(isKnown(header, '"e"'), header).toBe(true)
  for (const header of ['"d"', undefined, '', 'e']) expect(isKnown(header, '"e"'), header).toBe(false)
})

test('weights come whole, in part, or not at all when they are known', async () => {
  const store = await startTestStore()
  const bytes = weightsOf(1, 2, 3)
  const sha1 = await upload(store, bytes)
  const get = (headers: Record<string, string>) => call(store, 'GET', `/api/models/${sha1}/weights`, undefined, headers)
  const whole = await get({})
  const etag = whole.headers.get('etag') ?? ''
  expect(etag).toMatch(/^"[0-9a-f]{64}"$/)
  expect(whole.headers.get('content-length')).toBe(String(bytes.length))
  const part = await fetch(`${store.url}/api/models/${sha1}/weights`, {
    headers: { authorization: `Bearer ${store.token}`, range: 'bytes=8-11' },
  })
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 8-11/${bytes.length}`])
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(8, 12))
  expect((await get({ 'if-none-match': etag })).status).toBe(304)
  expect((await get({ range: 'bytes=8-11', 'if-range': '"other"' })).status).toBe(200)
  expect((await get({ range: `bytes=${bytes.length}-` })).status).toBe(416)
  expect(sha1).toBe(sha1Of(bytes))
})

test('evaluation is what the agent sent; an export says that there is none', async () => {
  const { store, agent } = await withNotebook()
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  await agent.finish(await agent.next('run'), 1, 0.7)
  const path = `/api/models/${sha1Of(weightsOf(1))}`
  expect((await call(store, 'GET', `${path}/evaluation`)).json).toEqual({
    confusion: [
      [3, 2],
      [1, 4],
    ],
  })
  expect(await call(store, 'GET', `${path}/artifacts/model.onnx`)).toMatchObject({
    status: 404,
    json: { error: { code: 'E_NO_ARTIFACT' } },
  })
})

test('clearing stops what runs, says what it deleted, and keeps the notebooks', async () => {
  const { store, agent } = await withNotebook()
  const page = await openTestPage(store)
  await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: { NUM_FILTERS: [1, 2] } })
  await agent.finish(await agent.next('run'), 1, 0.7)
  const run = await agent.next('run')
  const cleared = await call(store, 'DELETE', '/api/store', { confirm: 'clear' })
  expect(cleared.json).toEqual({ jobs: 1, models: 1, deployments: 1, sizeBytes: weightsOf(1).length })
  expect(await agent.next('stop')).toMatchObject({ job: run.job, trial: 1 })
  await page.next('cleared')
  for (const list of ['jobs', 'models', 'tasks/pets/deployments'])
    expect((await call(store, 'GET', `/api/${list}`)).json.items).toEqual([])
  expect((await call(store, 'GET', '/api/notebooks')).json.items).toMatchObject([
    { name: 'pets', state: 'idle', job: null },
  ])
  expect((await call(store, 'GET', `/api/models/${sha1Of(weightsOf(1))}/weights`)).status).toBe(404)
  await expect(agent.finish(run, 2, 0.9)).rejects.toThrow('E_LEASE')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  expect(await agent.finish(await agent.next('run'), 3, 0.1)).toMatchObject({ deployed: true })
})
