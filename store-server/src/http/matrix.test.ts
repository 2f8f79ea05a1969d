// Who may do what: every path that the router knows, with every method, plain and as an upgrade, by every kind of token.
import { expect, test } from 'vitest'
import { policyOf } from '../core/gate.ts'
import { createAccess } from '../service/access.ts'
import { drawTokens } from '../service/token.ts'
import type { RunningStore } from '../startStore.ts'
import { ask } from '../testing/raw.ts'
import { startTestStore } from '../testing/testStore.ts'
import { createGatekeeper } from './gatekeeper.ts'
import { createHttp, STATIC_RULES } from './http.ts'
import type { Route } from './route.ts'
import { allRoutes } from './routes.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']

/** The whole API and who may call it, written down by hand: a route that is not here, or is here otherwise, fails. */
const MAY: Readonly<Record<string, 'open' | 'any' | 'viewer' | 'agent' | 'operator'>> = {
  'GET /': 'open',
  'GET /healthz': 'open',
  'GET /api/notebooks': 'viewer',
  'GET /api/notebooks/:name': 'viewer',
  'DELETE /api/notebooks/:name': 'operator',
  'POST /api/notebooks/:name/config': 'operator',
  'GET /api/jobs': 'viewer',
  'POST /api/jobs': 'operator',
  'GET /api/jobs/:id': 'viewer',
  'PATCH /api/jobs/:id': 'operator',
  'POST /api/jobs/:id/stop': 'operator',
  'POST /api/jobs/:id/retry': 'operator',
  'GET /api/jobs/:id/log': 'viewer',
  'GET /api/jobs/:id/metrics': 'viewer',
  'GET /api/models': 'viewer',
  'GET /api/models/:sha1': 'viewer',
  'GET /api/models/:sha1/evaluation': 'viewer',
  'GET /api/models/:sha1/artifacts/:name': 'viewer',
  'GET /api/models/:sha1/artifacts/:folder/:name': 'viewer',
  'GET /api/models/:sha1/weights': 'any',
  'GET /api/models/:sha1/network': 'any',
  'POST /api/models/:sha1/reproduce': 'operator',
  'POST /api/uploads': 'agent',
  'GET /api/uploads/:id': 'agent',
  'PATCH /api/uploads/:id': 'agent',
  'POST /api/uploads/:id/commit': 'agent',
  'GET /api/tasks': 'viewer',
  'GET /api/tasks/:task': 'viewer',
  'GET /api/tasks/:task/deployments': 'viewer',
  'POST /api/tasks/:task/deployments': 'operator',
  'PUT /api/tasks/:task/pin': 'operator',
  'DELETE /api/tasks/:task/pin': 'operator',
  'DELETE /api/store': 'operator',
  'GET /api/store/archive': 'operator',
  'GET /api/jobs/:id/trials/:trial/checkpoint': 'agent',
  'POST /api/notebooks/:name/keep': 'operator',
  'POST /api/notebooks/:name/train': 'operator',
  'PUT /api/notebooks/:name/automatic': 'operator',
  'DELETE /api/notebooks/:name/automatic': 'operator',
  'POST /api/tokens/:scope/rotate': 'operator',
}

const access = createAccess(drawTokens(), async () => {})
const routes: readonly Route[] = allRoutes({} as Parameters<typeof allRoutes>[0], access, () => '')

/** What the router itself answers to, as `METHOD path`. */
function callsOfRouter(): string[] {
  const gatekeeper = createGatekeeper({ rules: [], policy: policyOf(1, []), access, cookieName: 'c', nowMs: () => 0 })
  const options = { routes, gatekeeper, access, cookieOf: () => '', webDir: '/nowhere', bodyIdleMs: 1 }
  const { stack } = createHttp({ ...options, report: () => {} }).router
  return stack.flatMap(({ route }) =>
    (route?.stack ?? []).map(({ method }) => `${method.toUpperCase()} ${route?.path}`),
  )
}

test('what the router answers to is exactly what is written down here, and each has the rule that is written down', () => {
  expect(callsOfRouter().sort()).toEqual(Object.keys(MAY).sort())
  const rules = Object.fromEntries(
    [...STATIC_RULES, ...routes].map(({ method, path, scope }) => [`${method} ${path}`, scope]),
  )
  for (const [call, scope] of Object.entries(MAY)) expect([call, rules[call]]).toEqual([call, scope])
  const onlyFiles = STATIC_RULES.filter(({ method, path }) => MAY[`${method} ${path}`] === undefined)
  expect(onlyFiles.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /favicon.svg',
    'GET /favicon.ico',
    'GET /assets/:file',
  ])
})

type Have = 'viewer' | 'agent' | 'operator' | null

/** Every token that somebody might show, with what it reaches. */
const tokensOf = (store: RunningStore): [string, string | null, Have][] => [
  ['no', null, null],
  ['an empty', '', null],
  ['a wrong', 'x'.repeat(43), null],
  ['a cut', store.token.slice(0, -1), null],
  ['the viewer’s', store.viewerToken, 'viewer'],
  ['the agent’s', store.agentToken, 'agent'],
  ['the operator’s', store.token, 'operator'],
]

/** 'in': it passes the gate; else the status of the refusal. */
function expected(call: string, have: Have): 'in' | 401 | 403 | 404 {
  const need = MAY[call] ?? MAY[call.replace(/^HEAD /, 'GET ')]
  if (need === 'open') return 'in'
  if (have === null) return 401
  if (need === undefined) return 404
  return have === 'operator' || need === 'any' || have === need ? 'in' : 403
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}
const PATHS = [
  ...new Set(Object.keys(MAY).map((call) => call.split(' ')[1] ?? '')),
  '/ws',
  '/api',
  '/token',
  '/data/token',
]

test('every path with every method lets in the tokens that reach it, and no others', async () => {
  // A minute passes at each look, so that wrong tokens are not throttled here.
  let nowMs = 0
  const store = await startTestStore({ world: { nowMs: () => (nowMs += 60_000) } })
  const askAll = async (name: string, token: string | null, have: Have, path: string) => {
    const headers = { host: `127.0.0.1:${store.port}`, ...(token === null ? {} : { authorization: `Bearer ${token}` }) }
    const answers = METHODS.map((method) => ask(store.port, method, path.replaceAll(/:\w+/g, 'x'), headers))
    for (const [i, { status }] of (await Promise.all(answers)).entries()) {
      const call = `${METHODS[i]} ${path}`
      const wanted = expected(call, have)
      // Behind the gate: what "x" is not is refused there, a body that is missing too; nothing breaks.
      if (wanted === 'in') expect([200, 201, 400, 404, 415, 422], `${name} token, ${call}`).toContain(status)
      else expect(status, `${name} token, ${call}`).toBe(wanted)
    }
  }
  for (const [name, token, have] of tokensOf(store)) for (const path of PATHS) await askAll(name, token, have, path)
})

test('as an upgrade nothing is let in but /ws, by any token of the store', async () => {
  let nowMs = 0
  const store = await startTestStore({ world: { nowMs: () => (nowMs += 60_000) } })
  for (const [name, token, have] of tokensOf(store))
    for (const path of PATHS) {
      const headers = {
        host: `127.0.0.1:${store.port}`,
        ...UPGRADE,
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      }
      const { status } = await ask(store.port, 'GET', path.replaceAll(/:\w+/g, 'x'), headers)
      expect(status, `${name} token, ${path}`).toBe(have === null ? 401 : path === '/ws' ? 101 : 404)
    }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const headers = { host: `127.0.0.1:${store.port}`, ...UPGRADE, authorization: `Bearer ${store.token}` }
    expect((await ask(store.port, method, '/ws', headers)).status, method).toBe(404)
  }
})
