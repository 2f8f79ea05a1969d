import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLOSE, parseToPage } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import type { Scope } from '../core/gate.ts'
import type { RunningStore } from '../startStore.ts'
import { call, fakeAgent, sha1Of, TEST_FIELDS, TEST_TASK, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openPeer } from '../testing/peer.ts'
import { openRaw, statusOf, upgradeHead } from '../testing/raw.ts'
import { openTestDemo, openTestPage, startTestStore } from '../testing/testStore.ts'

async function folderStore(): Promise<{ store: RunningStore; folder: string; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-rotate-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const lines: string[] = []
  const store = await startTestStore({ dataDir: folder, world: { report: (line) => lines.push(line) } })
  return { store, folder, lines }
}
const tokenIn = async (folder: string, file: string) => (await readFile(join(folder, file), 'utf8')).trim()
const rotate = (store: RunningStore, scope: Scope) => call(store, 'POST', `/api/tokens/${scope}/rotate`)
const statusWith = async (store: RunningStore, token: string): Promise<number> =>
  (await fetch(`${store.url}/api/uploads/none`, { headers: { authorization: `Bearer ${token}` } })).status

test.each([
  ['viewer', 'token-viewer'],
  ['agent', 'token-agent'],
  ['operator', 'token'],
] as const)(
  'a new %s’s token is in its file, in the answer unless it is an operator’s, nowhere else; the old one opens nothing from then on',
  async (scope, file) => {
    const { store, folder, lines } = await folderStore()
    const before = { viewer: store.viewerToken, agent: store.agentToken, operator: store.token }
    const answer = await rotate(store, scope)
    expect(answer).toMatchObject({ status: 200, json: { scope, file } })
    const token = await tokenIn(folder, file)
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(token).not.toBe(before[scope])
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
    expect((await readdir(folder)).filter((name) => name.startsWith('token')).sort()).toEqual([
      'token',
      'token-agent',
      'token-viewer',
    ])
    expect(answer.json.token).toBe(scope === 'operator' ? undefined : token)
    expect(JSON.stringify([answer.json.file, [...answer.headers], lines])).not.toContain(token)
    if (scope === 'operator') expect(answer.text).not.toContain(token)
    expect(await statusWith(store, before[scope])).toBe(401)
    expect((await fetch(`${store.url}/?token=${before[scope]}`, { redirect: 'manual' })).status).toBe(401)
    expect(await statusWith(store, token)).toBe(scope === 'viewer' ? 403 : 404)
    for (const other of (['viewer', 'agent', 'operator'] as const).filter((one) => one !== scope))
      expect(await statusWith(store, before[other])).not.toBe(401)
    await store.close()
    const again = await startTestStore({ dataDir: folder })
    expect({ viewer: again.viewerToken, agent: again.agentToken, operator: again.token }[scope]).toBe(token)
  },
)

test('whoever came by the old token is sent away, others stay', async () => {
  const { store } = await folderStore()
  const viewer = await openTestPage(store, store.viewerToken)
  const demo = await openTestDemo(store, store.viewerToken)
  const agent = await fakeAgent(store, 'kernel', store.agentToken)
  const operator = await openTestPage(store)
  await agent.join('pets')
  await rotate(store, 'agent')
  expect(await agent.closed).toMatchObject({ code: CLOSE.unauthorized })
  await rotate(store, 'viewer')
  for (const { closed } of [viewer, demo]) expect(await closed).toMatchObject({ code: CLOSE.unauthorized })
  // The operator's page heard of it, so it is still there.
  await operator.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  await expect(fakeAgent(store, 'kernel', 'x')).rejects.toThrow('401')
  expect(await (await fakeAgent(store, 'kernel', store.agentToken)).join('pets')).toMatchObject({ name: 'pets' })
})

test('a socket that does not answer the goodbye is cut', async () => {
  const store = await startTestStore({ times: { goodbyeMs: 20 } })
  const mute = openRaw(store.port)
  mute.write(upgradeHead(store.port, store.viewerToken))
  expect(statusOf(await mute.first)).toBe(101)
  await rotate(store, 'viewer')
  // A close frame with 4401, and then the end.
  expect((await mute.ended).includes(Buffer.from([0x11, 0x31]))).toBe(true)
})

test('what an agent still says after its token was replaced changes nothing', async () => {
  const { store } = await folderStore()
  const agent = await fakeAgent(store, 'kernel', store.agentToken)
  const rotated = rotate(store, 'agent')
  await rotated
  // The goodbye may not have arrived yet, so this may be sent; it must not count.
  agent.send({
    type: 'register',
    id: 'late',
    name: 'late',
    task: TEST_TASK,
    schema: TEST_FIELDS,
    engine: '',
    cores: 1,
    slots: 1,
    host: '',
    pid: 1,
    attempts: [],
  })
  await agent.closed
  expect((await call(store, 'GET', '/api/notebooks')).json.items).toEqual([])
})

test('an upload under way by the old token is cut, and goes on by the new one', async () => {
  const { store } = await folderStore()
  const bytes = weightsOf(1, 2, 3)
  const made = await call(store, 'POST', '/api/uploads', {
    sha1: sha1Of(bytes),
    sha256: 'a'.repeat(64),
    sizeBytes: bytes.length,
    kind: 'weights',
  })
  const old = openRaw(store.port)
  old.write(
    `PATCH /api/uploads/${made.json.id} HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.agentToken}\r\n` +
      `Content-Type: application/octet-stream\r\nUpload-Offset: 0\r\nContent-Length: ${bytes.length}\r\nExpect: 100-continue\r\n\r\n`,
  )
  // It is let in, and says so; from here on it waits for bytes.
  expect(statusOf(await old.first)).toBe(100)
  await rotate(store, 'agent')
  expect(statusOf((await old.ended).subarray(25))).toBeNull()
  const { status } = await call({ url: store.url, token: store.agentToken }, 'HEAD', `/api/uploads/${made.json.id}`)
  expect(status).toBe(200)
})

test('the browser that asks stays signed in by a new cookie, and another one with the old cookie does not', async () => {
  const { store } = await folderStore()
  const signedIn = await fetch(`${store.url}/?token=${store.token}`, { redirect: 'manual' })
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const page = await openPeer(store.url, '', parseToPage, { headers: { cookie, origin: store.url } })
  const answer = await fetch(`${store.url}/api/tokens/operator/rotate`, {
    method: 'POST',
    headers: { cookie, origin: store.url },
  })
  expect(answer.status).toBe(200)
  expect(await page.closed).toMatchObject({ code: CLOSE.unauthorized })
  const fresh = answer.headers.get('set-cookie') ?? ''
  expect(fresh).toMatch(/^pawprint-\d+=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/)
  expect(fresh).toContain(store.token)
  const statusBy = async (pair: string) => (await fetch(`${store.url}/api/jobs`, { headers: { cookie: pair } })).status
  expect([await statusBy(cookie), await statusBy(fresh.split(';')[0] ?? '')]).toEqual([401, 200])
})

test('only an operator rotates, only what there is, and from no other page', async () => {
  const { store } = await folderStore()
  const before = [store.token, store.agentToken, store.viewerToken]
  for (const token of [store.viewerToken, store.agentToken])
    expect((await call({ url: store.url, token }, 'POST', '/api/tokens/agent/rotate')).status).toBe(403)
  for (const scope of ['king', '__proto__', '..%2fregistry', 'operator%00'])
    expect((await call(store, 'POST', `/api/tokens/${scope}/rotate`)).status, scope).toBe(404)
  const foreign = await call(store, 'POST', '/api/tokens/agent/rotate', undefined, { origin: 'http://evil.example' })
  expect(foreign.status).toBe(403)
  expect([store.token, store.agentToken, store.viewerToken]).toEqual(before)
})

test('a token that cannot be written down is not replaced', async () => {
  const { store, folder } = await folderStore()
  const { agentToken } = store
  // In the place of the new file lies a folder, which nothing removes.
  await rm(join(folder, 'token-agent'))
  await mkdir(join(folder, 'token-agent', 'x'), { recursive: true })
  expect(await rotate(store, 'agent')).toMatchObject({ status: 503, json: { error: { code: 'E_WRITE' } } })
  expect(store.agentToken).toBe(agentToken)
  await fakeAgent(store, 'kernel', agentToken)
})

test('rotations at once happen one after another, and the file holds the token that counts', async () => {
  const { store, folder } = await folderStore()
  const answers = await Promise.all(Array.from({ length: 5 }, () => rotate(store, 'viewer')))
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
  expect(await tokenIn(folder, 'token-viewer')).toBe(store.viewerToken)
})

test('a token file that others may read is closed to them at the start', async () => {
  const { store, folder } = await folderStore()
  await store.close()
  await writeFile(join(folder, 'token-agent'), `${'a'.repeat(43)}\n`)
  await chmod(join(folder, 'token-agent'), 0o644)
  expect((await startTestStore({ dataDir: folder })).agentToken).toBe('a'.repeat(43))
  expect((await stat(join(folder, 'token-agent'))).mode & 0o777).toBe(0o600)
})

test('a download by the old token is cut', async () => {
  const { store } = await folderStore()
  const bytes = new Uint8Array(16_000_000)
  const sha1 = await upload(store, bytes)
  const line = openRaw(store.port)
  line.write(
    `GET /api/models/${sha1}/weights HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.viewerToken}\r\n\r\n`,
  )
  await line.first
  line.socket.pause()
  await rotate(store, 'viewer')
  line.socket.resume()
  expect((await line.ended).length).toBeLessThan(bytes.length)
})
