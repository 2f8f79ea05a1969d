import { request } from 'node:http'
import { connect } from 'node:net'
import { parseToPage } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { policyOf } from '../core/gate.ts'
import { drawTokens } from '../service/token.ts'
import { fakeAgent } from '../testing/fakeAgent.ts'
import { openPeer } from '../testing/peer.ts'
import { startTestStore } from '../testing/testStore.ts'
import { createGatekeeper } from './gatekeeper.ts'
import { createHttp, STATIC_RULES } from './http.ts'
import { allRoutes } from './routes.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']
const OPEN = ['GET /', 'HEAD /', 'GET /healthz', 'HEAD /healthz']

/** One raw request; headers go out exactly as given. */
function ask(url: string, method: string, path: string, headers: Record<string, string> = {}) {
  const { port } = new URL(url)
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Paths that the router itself knows. */
function pathsOfRouter(): string[] {
  const gatekeeper = createGatekeeper({
    rules: [],
    policy: policyOf(1, []),
    tokens: drawTokens(),
    port: 1,
    nowMs: () => 0,
  })
  const routes = allRoutes({} as Parameters<typeof allRoutes>[0])
  const app = createHttp({ routes, gatekeeper, webDir: '/nowhere', report: () => {} })
  const stack: { route?: { path: string } }[] = app.router.stack
  return [...new Set(stack.flatMap(({ route }) => (route ? [route.path] : [])))]
}

test('without a token no method of any route of the router answers, except the open ones', async () => {
  const store = await startTestStore()
  const paths = pathsOfRouter()
  expect(paths.length).toBeGreaterThan(20)
  for (const path of [...paths, '/ws', '/api', '/api/secret', '/token', '/data/token'])
    for (const method of METHODS) {
      const name = `${method} ${path}`
      const real = path.replaceAll(/:\w+/g, 'x')
      const { status } = await ask(store.url, method, real, { host: `127.0.0.1:${store.port}` })
      if (OPEN.includes(name)) expect([200, 404], name).toContain(status)
      else expect([401, 403], name).toContain(status)
    }
})

test('with a viewer’s token nothing that changes something is reached', async () => {
  const store = await startTestStore()
  for (const { method, path, scope } of allRoutes({} as Parameters<typeof allRoutes>[0])) {
    if (scope === 'open' || scope === 'viewer') continue
    const headers = { host: `127.0.0.1:${store.port}`, authorization: `Bearer ${store.viewerToken}` }
    expect((await ask(store.url, method, path.replaceAll(/:\w+/g, 'x'), headers)).status, `${method} ${path}`).toBe(403)
  }
  for (const { method, scope } of allRoutes({} as Parameters<typeof allRoutes>[0]))
    if (method !== 'GET') expect(['agent', 'operator']).toContain(scope)
  expect(STATIC_RULES.every(({ method }) => method === 'GET')).toBe(true)
})

test.each([
  ['another name', { host: 'evil.example' }],
  ['a name that resolves here', { host: '127.0.0.1.nip.io:PORT' }],
  ['another page', { origin: 'http://evil.example', host: '127.0.0.1:PORT' }],
  ['a page without an address', { origin: 'null', host: '127.0.0.1:PORT' }],
])('a launch under %s is refused although the token is right', async (_, headers) => {
  const store = await startTestStore()
  const real = Object.entries(headers).map(([key, value]) => [key, value.replace('PORT', String(store.port))])
  const authorization = `Bearer ${store.token}`
  expect((await ask(store.url, 'POST', '/api/jobs', { ...Object.fromEntries(real), authorization })).status).toBe(403)
})

test('a request with two Host headers is refused', async () => {
  const store = await startTestStore()
  const host = `Host: 127.0.0.1:${store.port}`
  const socket = connect(store.port, '127.0.0.1')
  socket.end(
    `GET /api/jobs HTTP/1.1\r\n${host}\r\n${host}\r\nAuthorization: Bearer ${store.token}\r\nConnection: close\r\n\r\n`,
  )
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  expect(answer).toMatch(/^HTTP\/1\.1 403 /)
})

test('the printed address gives a cookie once and loses its token; the cookie opens the API and the socket', async () => {
  const store = await startTestStore()
  const first = await fetch(`${store.url}/?token=${store.token}`, { redirect: 'manual' })
  expect([first.status, first.headers.get('location')]).toEqual([303, '/'])
  const cookie = first.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(new RegExp(`^pawprint-${store.port}=[\\w-]{43};`))
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/)
  const pair = cookie.split(';')[0] ?? ''
  expect((await fetch(`${store.url}/api/jobs`, { headers: { cookie: pair } })).status).toBe(200)
  const forged = { cookie: pair, origin: 'http://evil.example' }
  const own = { cookie: pair, origin: store.url }
  await expect(openPeer(store.url, '', parseToPage, { headers: forged })).rejects.toThrow('403')
  await expect(openPeer(store.url, '', parseToPage, { headers: { cookie: pair } })).rejects.toThrow('403')
  await expect(openPeer(store.url, '', parseToPage)).rejects.toThrow('401')
  await (await openPeer(store.url, '', parseToPage, { headers: own })).close()
  expect((await fetch(`${store.url}/?token=wrong`, { redirect: 'manual' })).status).toBe(401)
})

test('after ten wrong tokens in a minute an address is told to wait, and the right token still works', async () => {
  const store = await startTestStore()
  const guess = (token: string) => fetch(`${store.url}/api/jobs`, { headers: { authorization: `Bearer ${token}` } })
  const statuses: number[] = []
  for (const token of [
    '',
    'x',
    store.token.slice(0, -1),
    `${store.token}x`,
    'ä',
    'y'.repeat(200),
    '1',
    '2',
    '3',
    '4',
    '5',
  ])
    statuses.push((await guess(encodeURIComponent(token))).status)
  expect(statuses).toEqual([...Array(10).fill(401), 429])
  expect((await guess(store.token)).status).toBe(200)
  await fakeAgent(store)
})

test('every answer carries the security headers, errors included, and works over plain http', async () => {
  const store = await startTestStore()
  for (const path of ['/', '/healthz', '/api/jobs', '/nothing', '/assets/none.js']) {
    const { headers } = await fetch(`${store.url}${path}`)
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy, path).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('upgrade-insecure-requests')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('access-control-allow-origin')).toBeNull()
    expect(headers.get('x-powered-by')).toBeNull()
  }
})
