// Connections that say nothing, or too slowly. All limits are small here; what is awaited is that they end.
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { call, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openRaw, type RawSocket, statusOf, upgradeHead } from '../testing/raw.ts'
import { startTestStore } from '../testing/testStore.ts'

const BYTES = weightsOf(1, 2, 3, 4, 5)

async function storeWithSession(bodyIdleMs: number) {
  const storage = createMemoryStorage()
  const store = await startTestStore({ storage, times: { bodyIdleMs } })
  const made = await call(store, 'POST', '/api/uploads', {
    sha1: sha1Of(BYTES),
    sha256: 'a'.repeat(64),
    sizeBytes: BYTES.length,
    kind: 'weights',
  })
  const id: string = made.json.id
  const head =
    `PATCH /api/uploads/${id} HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.agentToken}\r\n` +
    `Content-Type: application/octet-stream\r\nUpload-Offset: 0\r\nContent-Length: ${BYTES.length}\r\n\r\n`
  const offset = async () => (await call(store, 'HEAD', `/api/uploads/${id}`)).headers.get('upload-offset')
  return { store, id, head, offset }
}

test('an upload that stalls is answered with 408, its bytes are kept, and the next part goes on from them', async () => {
  const { store, id, head, offset } = await storeWithSession(50)
  const slow = openRaw(store.port)
  slow.write(head)
  slow.write(BYTES.subarray(0, 7))
  const answer = (await slow.ended).toString('latin1')
  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(answer).toMatch(/\r\nconnection: close\r\n/i)
  expect(answer).toContain('"code":"E_SLOW_BODY"')
  expect(await offset()).toBe('7')
  // The place of the writer is free at once: no waiting for a takeover.
  const next = await call(store, 'PATCH', `/api/uploads/${id}`, BYTES.subarray(7), { 'upload-offset': '7' })
  expect(next).toMatchObject({ status: 200, json: { offset: BYTES.length } })
})

test('a body that comes byte by byte is waited for', async () => {
  const { store, head, offset } = await storeWithSession(60_000)
  const drip = openRaw(store.port)
  drip.socket.setNoDelay(true)
  drip.write(head)
  for (const byte of BYTES) {
    drip.write(Uint8Array.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(statusOf(await drip.first)).toBe(200)
  expect(await offset()).toBe(String(BYTES.length))
  drip.socket.destroy()
})

test('a JSON body that stalls is answered with 408 and launches nothing', async () => {
  const { store } = await storeWithSession(50)
  const slow = openRaw(store.port)
  slow.write(
    `POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.token}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"notebook":',
  )
  expect(statusOf(await slow.ended)).toBe(408)
  expect((await call(store, 'GET', '/api/jobs')).json.items).toEqual([])
})

test('an upload whose line breaks keeps its bytes', async () => {
  const { store, head, offset } = await storeWithSession(60_000)
  const cut = openRaw(store.port)
  cut.write(`${head.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n')}`)
  await cut.first
  cut.write(BYTES.subarray(0, 9))
  const asked = async () => (await offset()) ?? ''
  cut.socket.end()
  await cut.ended
  await expect.poll(asked).toBe('9')
})

const SILENT = 200
const beginnings: [string, (port: number, token: string) => string][] = [
  ['nothing', () => ''],
  ['half a request line', () => 'GET /api/jo'],
  ['headers without an end', (port) => `GET /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-A: b\r\n`],
  ['half an upgrade', (port, token) => upgradeHead(port, token).slice(0, -4)],
]
test.each(beginnings)(
  `${SILENT} connections that say %s are ended, and meanwhile others are answered`,
  async (_, text) => {
    const store = await startTestStore({ times: { headersMs: 200 } })
    const silent: RawSocket[] = Array.from({ length: SILENT }, () => openRaw(store.port))
    await Promise.all(silent.map(({ socket }) => once(socket, 'connect')))
    for (const { write } of silent) write(text(store.port, store.token))
    expect((await call(store, 'GET', '/api/jobs')).status).toBe(200)
    // A polite 408, or nothing.
    for (const { ended } of silent) expect([408, null]).toContain(statusOf(await ended))
    expect((await call(store, 'GET', '/api/jobs')).status).toBe(200)
  },
)

test('sockets that never say hello are closed, each of them', async () => {
  const store = await startTestStore({ times: { helloTimeoutMs: 200, goodbyeMs: 20 } })
  const silent = Array.from({ length: 50 }, () => openRaw(store.port))
  for (const { write } of silent) write(upgradeHead(store.port, store.viewerToken))
  for (const { first } of silent) expect(statusOf(await first)).toBe(101)
  expect((await call(store, 'GET', '/api/jobs')).status).toBe(200)
  // A close frame with 4408.
  for (const { ended } of silent) expect((await ended).includes(Buffer.from([0x11, 0x38]))).toBe(true)
})

test('a client that does not read what it asked for delays nobody', async () => {
  const store = await startTestStore()
  const sha1 = await upload(store, new Uint8Array(8_000_000))
  const lazy = openRaw(store.port)
  lazy.socket.pause()
  for (let i = 0; i < 20; i++)
    lazy.write(
      `GET /api/models/${sha1}/weights HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.token}\r\n\r\n`,
    )
  for (let i = 0; i < 5; i++) expect((await call(store, 'GET', '/api/jobs')).status).toBe(200)
  lazy.socket.destroy()
})
