import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { writeSafetensors } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import type { RunningStore } from '../../../store-server/src/index.ts'
import { startTestStore } from '../../../store-server/src/testing/testStore.ts'
import { type UploadSettings, uploadFile } from './upload.ts'

const digest = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex')
function file(values: number) {
  const data = new Float32Array(new Uint8Array(randomBytes(values * 4)).map((byte) => byte & 0x3f).buffer)
  const bytes = writeSafetensors([{ name: 'w', shape: [values], data }])
  return { bytes, sha1: digest('sha1', bytes), sha256: digest('sha256', bytes), kind: 'weights' } as const
}

function settings(store: RunningStore, change: Partial<UploadSettings> = {}) {
  const retries: string[] = []
  const address = { httpUrl: store.url, token: store.agentToken }
  const own: UploadSettings = {
    address,
    backoff: { firstMs: 1, maxMs: 2 },
    random: () => 0.5,
    signal: new AbortController().signal,
    line: () => new AbortController().signal,
    onRetry: (reason) => retries.push(reason),
    partBytes: 1000,
    ...change,
  }
  return { retries, own }
}

/** A server between agent and store. `misbehave` answers a request itself, or lets it pass by returning false. */
async function between(
  store: RunningStore,
  misbehave: (count: number, request: IncomingMessage, answer: ServerResponse, body: Buffer) => boolean,
) {
  let count = 0
  const seen: string[] = []
  const server = createServer(async (request, answer) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    seen.push(`${request.method} ${request.url?.replace(/uploads\/[^/]+/, 'uploads/ID')}`)
    const sent = Buffer.concat(parts)
    if (misbehave(++count, request, answer, sent)) return
    const {
      host: _host,
      connection: _connection,
      'content-length': _length,
      'transfer-encoding': _encoding,
      ...headers
    } = request.headers
    const body = parts.length === 0 ? {} : { body: sent }
    const reply = await fetch(`${store.url}${request.url}`, {
      method: request.method ?? '',
      headers: headers as Record<string, string>,
      ...body,
    })
    answer.writeHead(reply.status, {
      ...(reply.headers.get('upload-offset') ? { 'upload-offset': reply.headers.get('upload-offset') ?? '' } : {}),
    })
    answer.end(Buffer.from(await reply.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  return { address: { httpUrl: `http://127.0.0.1:${port}`, token: store.agentToken }, seen }
}

const inStore = async (store: RunningStore, upload: ReturnType<typeof file>) => {
  const { retries, own } = settings(store)
  await uploadFile(upload, own)
  // Already there: one question, no bytes.
  return retries.length === 0
}

test('a file of several parts arrives, and the second time nothing is sent', async () => {
  const store = await startTestStore()
  const upload = file(1000)
  const line = await between(store, () => false)
  await uploadFile(upload, settings(store, { address: line.address }).own)
  const first = line.seen.splice(0)
  expect(first).toEqual(['POST /api/uploads', ...Array(5).fill('PATCH /api/uploads/ID'), 'POST /api/uploads/ID/commit'])
  await uploadFile(upload, settings(store, { address: line.address }).own)
  expect(line.seen).toEqual(['POST /api/uploads'])
})

test.each([[408], [425], [429], [500], [502], [503]])(
  'after %i it goes on from the offset that is on disk',
  async (status) => {
    const store = await startTestStore()
    const upload = file(1000)
    const line = await between(store, (count, _, answer) => {
      if (count % 3 !== 0) return false
      answer.writeHead(status).end('<html>')
      return true
    })
    const { own, retries } = settings(store, { address: line.address })
    await uploadFile(upload, own)
    expect(retries.length).toBeGreaterThan(0)
    expect(line.seen).toContain('HEAD /api/uploads/ID')
    expect(await inStore(store, upload)).toBe(true)
  },
)

test('a request on a line that vanished is given up with the connection, and asked again', async () => {
  const store = await startTestStore()
  const upload = file(1000)
  let connection = new AbortController()
  const line = await between(store, (count) => {
    if (count !== 3) return false
    // Neither an answer nor an end, as behind a router that forgot the line.
    connection.abort()
    connection = new AbortController()
    return true
  })
  const { own, retries } = settings(store, { address: line.address, line: () => connection.signal })
  await uploadFile(upload, own)
  expect(retries).toEqual(['the connection broke'])
  expect(await inStore(store, upload)).toBe(true)
})

test('bytes that a power cut of the store spoiled while they came are sent again from the start', async () => {
  const store = await startTestStore()
  const upload = file(1000)
  let commits = 0
  const line = await between(store, (count, request, answer) => {
    if (count === 3) request.socket.destroy()
    if (request.url?.endsWith('/commit') !== true || ++commits > 1) return count === 3
    answer.writeHead(422).end('{"error":{"code":"E_DIGEST","message":"other bytes"}}')
    return true
  })
  await uploadFile(upload, settings(store, { address: line.address }).own)
  expect(line.seen.filter((request) => request === 'POST /api/uploads')).toHaveLength(2)
  expect(await inStore(store, upload)).toBe(true)
})

test('a line that breaks at every third request delays, and no more', async () => {
  const store = await startTestStore()
  const upload = file(1000)
  const line = await between(store, (count, request) => {
    if (count % 3 === 0) request.socket.destroy()
    return count % 3 === 0
  })
  const { own, retries } = settings(store, { address: line.address })
  await uploadFile(upload, own)
  expect(retries.length).toBeGreaterThan(2)
  expect(await inStore(store, upload)).toBe(true)
})

test('an answer that was lost after the store had the part is found out', async () => {
  const store = await startTestStore()
  const upload = file(1000)
  const passed = new Map<string, number>()
  const line = await between(store, (count, request, answer) => {
    if (count !== 2) return false
    // The store gets the part; the agent hears nothing of it.
    void fetch(`${store.url}${request.url}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${store.agentToken}`,
        'upload-offset': '0',
        'content-type': 'application/octet-stream',
      },
      body: upload.bytes.subarray(0, 1000),
    }).then((reply) => {
      passed.set('status', reply.status)
      answer.destroy()
    })
    return true
  })
  await uploadFile(upload, settings(store, { address: line.address }).own)
  expect(passed.get('status')).toBe(200)
  expect(await inStore(store, upload)).toBe(true)
})

test('a session that the store has dropped is begun anew', async () => {
  const store = await startTestStore()
  const upload = file(1000)
  const line = await between(store, (count, _, answer) => {
    if (count !== 3 && count !== 4) return false
    answer.writeHead(count === 3 ? 503 : 404).end()
    return true
  })
  await uploadFile(upload, settings(store, { address: line.address }).own)
  expect(line.seen.filter((request) => request === 'POST /api/uploads')).toHaveLength(2)
  expect(await inStore(store, upload)).toBe(true)
})

test('a wrong token is an error at once', async () => {
  const store = await startTestStore()
  const { own, retries } = settings(store, { address: { httpUrl: store.url, token: 'wrong' } })
  await expect(uploadFile(file(10), own)).rejects.toMatchObject({ code: 'E_STORE' })
  expect(retries).toEqual([])
})

test('bytes that were damaged on the way are sent once more; digests that are wrong twice are an error', async () => {
  const store = await startTestStore()
  const upload = file(1000)
  let flips = 1
  const line = await between(store, (_count, request, _answer, body) => {
    if (request.method === 'PATCH' && flips-- > 0) body[7] = (body[7] ?? 0) ^ 1
    return false
  })
  const { own, retries } = settings(store, { address: line.address })
  await uploadFile(upload, own)
  expect(retries).toHaveLength(1)
  expect(await inStore(store, upload)).toBe(true)

  const wrong = settings(store)
  await expect(uploadFile({ ...file(10), sha256: 'f'.repeat(64) }, wrong.own)).rejects.toMatchObject({
    code: 'E_STORE',
  })
  expect(wrong.retries).toHaveLength(1)
})

test('aborting ends the waiting for a store that is not there', async () => {
  const store = await startTestStore()
  const stop = new AbortController()
  const address = { httpUrl: 'http://127.0.0.1:9', token: 'T' }
  const { own } = settings(store, { address, signal: stop.signal, onRetry: () => stop.abort(new Error('enough')) })
  await expect(uploadFile(file(10), own)).rejects.toThrow('enough')
})
