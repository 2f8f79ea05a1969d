import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { StorageError } from '../storage/storage.ts'
import { call, fakeAgent, logRecord, sha1Of, weightsOf } from '../testing/fakeAgent.ts'
import { openRaw, upgradeHead } from '../testing/raw.ts'
import { storeWithModel } from '../testing/storeWithModel.ts'
import { startTestStore } from '../testing/testStore.ts'

test('every answer carries the security headers: pages, blobs whole and in part, refusals, and upgrades that are refused', async () => {
  const { store, sha1 } = await storeWithModel()
  const weights = `/api/models/${sha1}/weights`
  const bearer = { authorization: `Bearer ${store.token}` }
  const asked: [number, string, RequestInit][] = [
    [200, '/healthz', {}],
    [200, '/api/jobs', { headers: bearer }],
    [200, weights, { headers: bearer }],
    [206, weights, { headers: { ...bearer, range: 'bytes=0-3' } }],
    [416, weights, { headers: { ...bearer, range: 'bytes=9999-' } }],
    [304, weights, { headers: { ...bearer, 'if-none-match': '*' } }],
    [303, `/?token=${store.token}`, { redirect: 'manual' }],
    [400, '/api/jobs?limit=x', { headers: bearer }],
    [400, '/api/notebooks/%ff', { headers: bearer }],
    [401, '/api/jobs', {}],
    [401, '/?token=x', {}],
    [403, '/api/jobs', { method: 'POST', headers: { ...bearer, origin: 'http://evil.example' } }],
    [404, '/nothing', { headers: bearer }],
    [404, '/assets/none.js', {}],
    [415, '/api/jobs', { method: 'POST', headers: bearer }],
  ]
  for (const [status, path, init] of asked) {
    const answer = await fetch(`${store.url}${path}`, init)
    expect([path, answer.status]).toEqual([path, status])
    expectSafe(answer.headers, path)
  }
  const refused = openRaw(store.port)
  refused.write(upgradeHead(store.port, 'wrong'))
  const lines = (await refused.ended).toString('latin1').split('\r\n\r\n')[0]?.split('\r\n').slice(1) ?? []
  expectSafe(
    new Headers(
      lines.map((line): [string, string] => [line.split(': ')[0] ?? '', line.split(': ').slice(1).join(': ')]),
    ),
    'upgrade',
  )
})

function expectSafe(headers: Headers, what: string): void {
  const policy = headers.get('content-security-policy') ?? ''
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ])
    expect(policy, what).toContain(part)
  expect(policy, what).not.toMatch(/unsafe|\*|upgrade-insecure/)
  for (const [name, value] of Object.entries({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'access-control-allow-origin': null,
    'strict-transport-security': null,
    'x-powered-by': null,
    server: null,
  }))
    expect([what, name, headers.get(name)]).toEqual([what, name, value])
}

test('weights are a download, never a document', async () => {
  const { store, sha1 } = await storeWithModel()
  const { headers } = await call(store, 'GET', `/api/models/${sha1}/weights`)
  expect(headers.get('content-type')).toBe('application/octet-stream')
  expect(headers.get('content-disposition')).toBe(`attachment; filename="${sha1}.safetensors"`)
})

/** What a stranger must not learn from an error: where the store lives, and how it is built. */
const TELLING = /\/srv\/|\/tmp\/|node_modules|\.ts\b|\.js\b| {4}at |Error:/

test.each([
  ['a mistake of the store', new TypeError("Cannot read '/srv/secret/registry.json'"), 500, 'E_INTERNAL'],
  [
    'an error of the system',
    Object.assign(new Error("EIO: i/o error, write '/srv/secret'"), { code: 'EIO' }),
    500,
    'E_INTERNAL',
  ],
  [
    'a disk that takes nothing more',
    new StorageError('E_WRITE', '/srv/secret', 'a disk that keeps what it was given', 'EIO /srv/secret'),
    503,
    'E_WRITE',
  ],
  [
    'a damaged file',
    new StorageError('E_CORRUPT', 'registry', 'a JSON document', '/srv/secret/registry.json'),
    500,
    'E_CORRUPT',
  ],
])('%s is told by its code alone; the rest is in the store’s own output', async (_, failure, status, code) => {
  const memory = createMemoryStorage()
  let broken = false
  const documents: typeof memory.documents = {
    ...memory.documents,
    async write(name, value) {
      if (broken) throw failure
      return memory.documents.write(name, value)
    },
  }
  const lines: string[] = []
  const store = await startTestStore({
    storage: { ...memory, documents },
    world: { report: (line) => lines.push(line) },
  })
  const agent = await fakeAgent(store)
  await agent.join('pets')
  broken = true
  const answer = await call(store, 'POST', '/api/notebooks/pets/config', { EPOCHS: 9 })
  expect([answer.status, answer.json.error.code]).toEqual([status, code])
  expect(answer.text).not.toMatch(TELLING)
  expect(lines.join('\n')).toContain('/srv/secret')
  broken = false
})

test('a socket’s refusal tells no more than an answer does', async () => {
  const memory = createMemoryStorage()
  let broken = false
  const logs: typeof memory.logs = {
    ...memory.logs,
    async append(name, records) {
      if (broken) throw new TypeError("Cannot write '/srv/secret/log'")
      return memory.logs.append(name, records)
    },
  }
  const lines: string[] = []
  const store = await startTestStore({ storage: { ...memory, logs }, world: { report: (line) => lines.push(line) } })
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  broken = true
  const said = await agent.answer(agent.records(run, 1, [logRecord('one')]))
  expect(said).toMatchObject({ type: 'refused', error: { code: 'E_INTERNAL' } })
  expect(JSON.stringify(said)).not.toMatch(TELLING)
  expect(lines.join('\n')).toContain('/srv/secret/log')
  broken = false
})

test('everything in the data folder is its owner’s alone', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'pawprint-modes-')), 'data')
  onTestFinished(() => rm(join(folder, '..'), { recursive: true, force: true }))
  const old = process.umask(0)
  onTestFinished(() => void process.umask(old))
  const store = await startTestStore({ dataDir: folder })
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: { NUM_FILTERS: [1, 2] } })
  await agent.finish(await agent.next('run'), 1, 0.5)
  const run = await agent.next('run')
  await agent.answer(agent.records(run, 1, [logRecord('one')]))
  await call(store, 'POST', '/api/uploads', {
    sha1: sha1Of(weightsOf(7)),
    sha256: 'a'.repeat(64),
    sizeBytes: 99,
    kind: 'weights',
  })
  await call(store, 'POST', '/api/tokens/viewer/rotate')
  expect(job.id).toBeTypeOf('string')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  expect(entries.length).toBeGreaterThan(15)
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    // A socket is reached through its folder, whose mode counts.
    if (entry.isSocket()) continue
    expect([path, ((await stat(path)).mode & 0o777).toString(8)]).toEqual([path, entry.isDirectory() ? '700' : '600'])
  }
  expect(((await stat(folder)).mode & 0o777).toString(8)).toBe('700')
})
