import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { FUZZ_TIMEOUT_MS, fuzzRuns } from '../../../protocol/src/testing/mutate.ts'
import type { StoreOptions } from '../options.ts'
import type { RunningStore } from '../startStore.ts'
import { call, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openRaw, statusOf } from '../testing/raw.ts'
import { startTestStore } from '../testing/testStore.ts'

const RUNS = fuzzRuns(25)

async function diskStore(options: StoreOptions = {}): Promise<{ store: RunningStore; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-uploads-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return { store: await startTestStore({ dataDir: folder, ...options }), folder }
}
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const blobOf = (bytes: Uint8Array) => ({
  sha1: sha1Of(bytes),
  sha256: sha256Of(bytes),
  sizeBytes: bytes.length,
  kind: 'weights',
})
const send = (store: RunningStore, id: string, offset: number, bytes: Uint8Array) =>
  call(store, 'PATCH', `/api/uploads/${id}`, bytes, { 'upload-offset': String(offset) })
const create = async (store: RunningStore, over: object): Promise<string> =>
  (await call(store, 'POST', '/api/uploads', over)).json.id
const offsetOf = async (store: RunningStore, id: string): Promise<string | null> =>
  (await call(store, 'HEAD', `/api/uploads/${id}`)).headers.get('upload-offset')

test('the first byte above the declared size is refused while it comes; what came before it is kept', async () => {
  const { store } = await diskStore()
  const bytes = weightsOf(1, 2)
  const id = await create(store, blobOf(bytes))
  const raw = openRaw(store.port)
  // No length is declared, and the body is never finished: the refusal must not wait for its end.
  raw.write(
    `PATCH /api/uploads/${id} HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.token}\r\n` +
      'Content-Type: application/octet-stream\r\nUpload-Offset: 0\r\nTransfer-Encoding: chunked\r\n\r\n',
  )
  const chunk = (part: Uint8Array) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
  raw.write(chunk(bytes.subarray(0, 10)))
  raw.write(chunk(bytes.subarray(10)))
  raw.write(chunk(Uint8Array.of(1)))
  expect(statusOf(await raw.ended)).toBe(413)
  expect(Number(await offsetOf(store, id))).toBeLessThanOrEqual(bytes.length)
  expect((await call(store, 'GET', `/api/models/${sha1Of(bytes)}/weights`)).status).toBe(404)
})

test.each([[1e13], [2 ** 53], [2 ** 53 + 2], [1e308], [-1], [1.5], ['1e9'], [null], [[5]], [0]])(
  'a declared size of %j is refused before anything is on disk',
  async (sizeBytes) => {
    const { store, folder } = await diskStore()
    const before = (await readdir(folder, { recursive: true })).sort()
    const { status } = await call(store, 'POST', '/api/uploads', { ...blobOf(weightsOf(1)), sizeBytes })
    expect([413, 422]).toContain(status)
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(before)
  },
)

test('the largest size that is allowed is taken, one byte more is not, nor is none', async () => {
  const bytes = weightsOf(1, 2, 3)
  const { store } = await diskStore({ limits: { maxBlobBytes: bytes.length } })
  expect(await upload(store, bytes)).toBe(sha1Of(bytes))
  const { status, json } = await call(store, 'POST', '/api/uploads', {
    ...blobOf(weightsOf(1, 2, 4)),
    sizeBytes: bytes.length + 1,
  })
  expect([status, json.error.code]).toEqual([413, 'E_TOO_LARGE'])
  expect((await call(store, 'POST', '/api/uploads', { ...blobOf(weightsOf(1, 2, 4)), sizeBytes: 0 })).status).toBe(422)
})

test.each<[string, (bytes: Uint8Array) => [object, Uint8Array]]>([
  ['a flipped bit', (bytes) => [{}, bytes.map((byte, i) => (i === 40 ? byte ^ 0x10 : byte))]],
  ['a wrong sha1 beside the right sha256', (bytes) => [{ sha1: 'a'.repeat(40) }, bytes]],
  ['a wrong sha256 beside the right sha1', (bytes) => [{ sha256: 'a'.repeat(64) }, bytes]],
])('%s: the commit is refused, the session and its bytes are gone, and the right bytes can come', async (_, spoil) => {
  const { store, folder } = await diskStore()
  const bytes = weightsOf(1, 2, 3)
  const [over, sent] = spoil(bytes)
  const id = await create(store, { ...blobOf(bytes), ...over })
  expect((await send(store, id, 0, sent)).status).toBe(200)
  const commit = await call(store, 'POST', `/api/uploads/${id}/commit`)
  expect([commit.status, commit.json.error.code]).toEqual([422, 'E_DIGEST'])
  expect((await call(store, 'HEAD', `/api/uploads/${id}`)).status).toBe(404)
  expect(await readdir(join(folder, 'uploads'))).toEqual([])
  for (const sha1 of [sha1Of(bytes), sha1Of(sent), 'a'.repeat(40)])
    expect((await call(store, 'GET', `/api/models/${sha1}/weights`)).status).toBe(404)
  expect(await upload(store, bytes)).toBe(sha1Of(bytes))
})

test('parts in any order, repeated, overlapping or with holes change nothing, but the one that comes next', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  const { store } = await diskStore()
  const parts = fc.array(
    fc.record({ offset: fc.nat(60), size: fc.integer({ min: 1, max: 60 }), isNext: fc.boolean() }),
    {
      maxLength: 12,
    },
  )
  let drawn = 0
  await fc.assert(
    fc.asyncProperty(parts, async (list) => {
      const bytes = weightsOf(drawn++, 2, 3, 4)
      const id = await create(store, blobOf(bytes))
      let have = 0
      for (const { offset, size, isNext } of list) {
        const at = isNext ? have : offset
        const part = bytes.slice(at, at + size)
        if (part.length === 0) continue
        const { status } = await send(store, id, at, part)
        expect([at, have, status]).toEqual([at, have, at === have ? 200 : 409])
        if (at === have) have += part.length
        expect(await offsetOf(store, id)).toBe(String(have))
      }
      expect((await call(store, 'POST', `/api/uploads/${id}/commit`)).status).toBe(have === bytes.length ? 201 : 409)
      if (have < bytes.length) await send(store, id, have, bytes.slice(have))
      expect((await call(store, 'POST', `/api/uploads/${id}/commit`)).status).toBe(201)
      const back = await fetch(`${store.url}/api/models/${sha1Of(bytes)}/weights`, {
        headers: { authorization: `Bearer ${store.token}` },
      })
      expect(new Uint8Array(await back.arrayBuffer())).toEqual(bytes)
    }),
    { numRuns: RUNS },
  )
})

test('a download that is cut goes on where it stopped, and a wrong tag gives all of it', async () => {
  const { store } = await diskStore()
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) >> 5)
  const sha1 = await upload(store, bytes)
  const path = `/api/models/${sha1}/weights`
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.token}\r\n\r\n`
  const cut = openRaw(store.port)
  cut.socket.on('data', () => cut.socket.bytesRead > bytes.length / 2 && cut.socket.destroy())
  cut.write(head)
  const got = await cut.ended
  const start = got.indexOf('\r\n\r\n') + 4
  const etag = /etag: ("[0-9a-f]{64}")/i.exec(got.subarray(0, start).toString('latin1'))?.[1] ?? ''
  const first = got.subarray(start)
  expect(first.length).toBeLessThan(bytes.length)
  const rest = async (ifRange: string) =>
    fetch(`${store.url}${path}`, {
      headers: { authorization: `Bearer ${store.token}`, range: `bytes=${first.length}-`, 'if-range': ifRange },
    })
  const resumed = await rest(etag)
  expect([resumed.status, resumed.headers.get('content-range')]).toEqual([
    206,
    `bytes ${first.length}-${bytes.length - 1}/${bytes.length}`,
  ])
  expect(sha1Of(Buffer.concat([first, Buffer.from(await resumed.arrayBuffer())]))).toBe(sha1)
  const other = await rest('"another"')
  expect(other.status).toBe(200)
  expect(sha1Of(new Uint8Array(await other.arrayBuffer()))).toBe(sha1)
})
