// Requests that are well formed and mean ill.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { FUZZ_TIMEOUT_MS, fuzzRuns } from '../../../protocol/src/testing/mutate.ts'
import { createAccess } from '../service/access.ts'
import { drawTokens } from '../service/token.ts'
import { call, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { ask } from '../testing/raw.ts'
import { storeWithModel } from '../testing/storeWithModel.ts'
import { startTestStore } from '../testing/testStore.ts'
import { allRoutes } from './routes.ts'

const RUNS = fuzzRuns(60)

const PATH_PARTS = [
  '..',
  '%2e%2e',
  '..%2f..%2fsecret',
  '..%252f..%252fsecret',
  '..%5c..%5csecret',
  '%2fetc%2fpasswd',
  'a%00b',
  '%00',
  ';a',
  'CON',
  '.',
  '__proto__',
  'constructor',
  '%ff',
  '%E0%A4%A',
  'x'.repeat(4096),
]

test('no id in a path leaves the data folder, breaks anything, or finds what is not there', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'pawprint-paths-'))
  onTestFinished(() => rm(outside, { recursive: true, force: true }))
  await writeFile(join(outside, 'secret'), 'hidden words')
  const lines: string[] = []
  const store = await startTestStore({ dataDir: join(outside, 'data'), world: { report: (line) => lines.push(line) } })
  const routes = allRoutes(
    {} as Parameters<typeof allRoutes>[0],
    createAccess(drawTokens(), async () => {}),
    () => '',
  )
  const before = await readdir(outside, { recursive: true })
  for (const { method, path } of routes.filter((route) => route.path.includes(':')))
    for (const part of PATH_PARTS) {
      const headers = { host: `127.0.0.1:${store.port}`, authorization: `Bearer ${store.token}` }
      const { status, text } = await ask(store.port, method, path.replaceAll(/:\w+/g, part), headers)
      // 415: the body is asked for before the name is looked up.
      expect([400, 404, 415, 422], `${method} ${path} with ${part.slice(0, 40)}`).toContain(status)
      expect(text).not.toMatch(/hidden words|root:| {4}at |node_modules/)
    }
  expect(lines).toEqual([])
  expect(await readdir(outside, { recursive: true })).toEqual(before)
})

const packed = gzipSync(Buffer.alloc(1_000_000, 0x20))
test.each([['gzip'], ['br'], ['deflate'], ['gzip, gzip'], ['zstd'], ['GZIP']])(
  'a body in encoding %s is not unpacked',
  async (encoding) => {
    const { store } = await storeWithModel()
    const json = { 'content-type': 'application/json', 'content-encoding': encoding }
    const send = (path: string, headers: Record<string, string>, method = 'POST') =>
      fetch(`${store.url}${path}`, {
        method,
        body: packed,
        headers: { authorization: `Bearer ${store.token}`, ...headers },
      })
    expect((await send('/api/jobs', json)).status).toBe(415)
    expect((await send('/api/notebooks/pets/config', json)).status).toBe(415)
    const bytes = weightsOf(9)
    const made = await call(store, 'POST', '/api/uploads', {
      sha1: sha1Of(bytes),
      sha256: 'a'.repeat(64),
      sizeBytes: 10_000_000,
      kind: 'weights',
    })
    const octets = { ...json, 'content-type': 'application/octet-stream', 'upload-offset': '0' }
    expect((await send(`/api/uploads/${made.json.id}`, octets, 'PATCH')).status).toBe(415)
    expect((await call(store, 'HEAD', `/api/uploads/${made.json.id}`)).headers.get('upload-offset')).toBe('0')
  },
)

/** Text that may stand in a header or a query. */
const odd = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789-+.eExX,= bytes*"'), maxLength: 30 }),
  fc.constantFrom(
    'NaN',
    'Infinity',
    '0x10',
    '1e3',
    ' 5',
    '5 ',
    '-0',
    '9'.repeat(40),
    '18446744073709551616',
    '9007199254740992',
  ),
)

test('offsets, ranges, limits and cursors of any text are taken or refused, never a failure of the store', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  const { store, sha1 } = await storeWithModel()
  const size = weightsOf(1).length
  const bytes = weightsOf(2)
  const made = await call(store, 'POST', '/api/uploads', {
    sha1: sha1Of(bytes),
    sha256: 'a'.repeat(64),
    sizeBytes: bytes.length,
    kind: 'weights',
  })
  const headers = { host: `127.0.0.1:${store.port}`, authorization: `Bearer ${store.token}` }
  await fc.assert(
    fc.asyncProperty(odd, async (text) => {
      const got = await ask(store.port, 'GET', `/api/models/${sha1}/weights`, {
        ...headers,
        range: text,
        'if-range': text,
      })
      expect([200, 206, 416]).toContain(got.status)
      if (got.status === 200) expect(got.headers['content-length']).toBe(String(size))
      const patch = { ...headers, 'content-type': 'application/octet-stream', 'upload-offset': text }
      expect([200, 400, 409]).toContain((await ask(store.port, 'PATCH', `/api/uploads/${made.json.id}`, patch)).status)
      const query = `limit=${encodeURIComponent(text)}&after=${encodeURIComponent(text)}`
      for (const list of ['jobs', 'models', 'notebooks', 'tasks/pets/deployments'])
        expect([200, 400]).toContain((await ask(store.port, 'GET', `/api/${list}?${query}`, headers)).status)
    }),
    { numRuns: RUNS },
  )
})

test('a page of another site changes nothing: no form, no plain text, no picture, no method in a header', async () => {
  const { store, sha1 } = await storeWithModel()
  const signedIn = await fetch(`${store.url}/?token=${store.token}`, { redirect: 'manual' })
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const host = `127.0.0.1:${store.port}`
  const foreign = { cookie, host, origin: 'http://evil.example' }
  const own = { cookie, host, origin: store.url }
  for (const headers of [foreign, { cookie, host }, { ...foreign, origin: 'null' }])
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', 'application/json'])
      expect((await ask(store.port, 'POST', '/api/jobs', { ...headers, 'content-type': type })).status).toBe(403)
  expect((await ask(store.port, 'POST', '/api/jobs', { ...own, 'content-type': 'text/plain' })).status).toBe(415)
  for (const header of ['x-http-method-override', 'x-method-override', '_method']) {
    expect((await ask(store.port, 'GET', `/api/models/${sha1}`, { ...own, [header]: 'DELETE' })).status).toBe(200)
    expect((await ask(store.port, 'POST', '/api/store', { ...own, [header]: 'DELETE' })).status).toBe(404)
  }
  for (const path of ['/api/store', `/api/tasks/pets/pin`, '/api/tokens/agent/rotate', '/api/jobs/x/stop'])
    expect((await ask(store.port, 'GET', path, { cookie, host })).status).toBe(404)
  expect((await call(store, 'GET', '/api/jobs')).json.items).toHaveLength(1)
  expect((await call(store, 'GET', '/api/tasks/pets')).json.pinned).toBe(false)
  expect(await upload(store, weightsOf(1))).toBe(sha1)
})
