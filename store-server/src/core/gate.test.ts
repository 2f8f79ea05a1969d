import { expect, test } from 'vitest'
import { type Approach, admit, type Credential, createThrottle, findRule, policyOf, type Rule } from './gate.ts'

const RULES: readonly Rule[] = [
  { method: 'GET', path: '/', scope: 'open' },
  { method: 'GET', path: '/ws', scope: 'any', upgrade: true },
  { method: 'GET', path: '/api/jobs/:id', scope: 'viewer' },
  { method: 'POST', path: '/api/jobs', scope: 'operator' },
  { method: 'POST', path: '/api/uploads', scope: 'agent' },
]
const known = (scope: 'viewer' | 'agent' | 'operator', by: 'cookie' | 'bearer' = 'bearer'): Credential => ({
  type: 'known',
  scope,
  by,
})
const policy = policyOf(3001, [])
const approach = (over: Partial<Approach>): Approach => ({
  method: 'GET',
  path: '/api/jobs/a',
  host: '127.0.0.1:3001',
  origin: undefined,
  upgrade: false,
  credential: known('operator'),
  ...over,
})
const OWN = 'http://localhost:3001'

test.each<[string, Partial<Approach>, string | null]>([
  ['a known token', {}, null],
  ['the page itself without a token', { path: '/', credential: { type: 'none' } }, null],
  ['a HEAD of what may be read', { method: 'HEAD' }, null],
  ['no token', { credential: { type: 'none' } }, 'E_AUTH'],
  ['a wrong token', { credential: { type: 'wrong' } }, 'E_AUTH'],
  ['no token, and no such path', { path: '/api/secret', credential: { type: 'none' } }, 'E_AUTH'],
  ['no such path', { path: '/api/secret' }, 'E_NOT_FOUND'],
  ['no such method', { method: 'DELETE' }, 'E_NOT_FOUND'],
  ['OPTIONS', { method: 'OPTIONS' }, 'E_NOT_FOUND'],
  ['TRACE of the page', { method: 'TRACE', path: '/' }, 'E_NOT_FOUND'],
  ['a trailing slash', { path: '/api/jobs/a/' }, 'E_NOT_FOUND'],
  ['an empty segment', { path: '/api/jobs/' }, 'E_NOT_FOUND'],
  ['a doubled slash', { path: '//api/jobs/a' }, 'E_NOT_FOUND'],
  ['capitals', { path: '/API/jobs/a' }, 'E_NOT_FOUND'],
  ['a path in absolute form', { path: 'http://127.0.0.1:3001/api/jobs/a' }, 'E_NOT_FOUND'],
  ['a viewer who launches', { method: 'POST', path: '/api/jobs', credential: known('viewer') }, 'E_SCOPE'],
  ['an agent that launches', { method: 'POST', path: '/api/jobs', credential: known('agent') }, 'E_SCOPE'],
  ['an agent that reads', { credential: known('agent') }, 'E_SCOPE'],
  ['an agent that uploads', { method: 'POST', path: '/api/uploads', credential: known('agent') }, null],
  ['a viewer that uploads', { method: 'POST', path: '/api/uploads', credential: known('viewer') }, 'E_SCOPE'],
  ['an upgrade by any token', { path: '/ws', upgrade: true, credential: known('agent') }, null],
  ['an upgrade of a path of the API', { upgrade: true }, 'E_NOT_FOUND'],
  ['the socket’s path without an upgrade', { path: '/ws' }, 'E_NOT_FOUND'],
  ['an upgrade of the open page', { path: '/', upgrade: true, credential: { type: 'none' } }, 'E_AUTH'],
  ['no Host', { host: undefined }, 'E_HOST'],
  ['another Host', { host: 'evil.example:3001' }, 'E_HOST'],
  ['a Host that begins alike', { host: 'localhost.evil.example:3001' }, 'E_HOST'],
  ['a Host on another port', { host: '127.0.0.1:3000' }, 'E_HOST'],
  ['a Host without a port', { host: '127.0.0.1' }, 'E_HOST'],
  [
    'another Host on the open page',
    { host: '127.0.0.1.nip.io:3001', path: '/', credential: { type: 'none' } },
    'E_HOST',
  ],
  ['IPv6 loopback', { host: '[::1]:3001' }, null],
  ['capitals in Host', { host: 'LOCALHOST:3001' }, null],
  [
    'a cookie on its own page',
    { method: 'POST', path: '/api/jobs', credential: known('operator', 'cookie'), origin: OWN },
    null,
  ],
  [
    'a cookie from another page',
    { method: 'POST', path: '/api/jobs', credential: known('operator', 'cookie'), origin: 'https://evil.example' },
    'E_ORIGIN',
  ],
  [
    'a cookie without an Origin',
    { method: 'POST', path: '/api/jobs', credential: known('operator', 'cookie') },
    'E_ORIGIN',
  ],
  [
    'a cookie from nowhere',
    { method: 'POST', path: '/api/jobs', credential: known('operator', 'cookie'), origin: 'null' },
    'E_ORIGIN',
  ],
  ['a script without an Origin', { method: 'POST', path: '/api/jobs' }, null],
  ['a bearer token on another page', { method: 'POST', path: '/api/jobs', origin: 'https://evil.example' }, 'E_ORIGIN'],
  [
    'an upgrade from another page',
    { path: '/ws', upgrade: true, credential: known('operator', 'cookie'), origin: 'http://127.0.0.1:9999' },
    'E_ORIGIN',
  ],
  [
    'an upgrade by a cookie without an Origin',
    { path: '/ws', upgrade: true, credential: known('operator', 'cookie') },
    'E_ORIGIN',
  ],
  ['reading by a cookie without an Origin', { credential: known('operator', 'cookie') }, null],
])('%s', (_, over, code) => {
  const admission = admit(RULES, policy, approach(over))
  expect(admission.admitted ? null : admission.code).toBe(code)
})

test('a store behind a proxy answers to the names it was given, and to no others', () => {
  const behind = policyOf(3001, ['paw.example', 'lab.example:8443', '192.168.1.5', 'fe80::1'])
  for (const host of [
    'paw.example',
    'paw.example:3001',
    'lab.example:8443',
    '192.168.1.5:3001',
    '[fe80::1]:3001',
    'localhost:3001',
  ])
    expect(behind.hosts.has(host), host).toBe(true)
  for (const host of ['lab.example', 'lab.example:3001', 'example', 'evil.example'])
    expect(behind.hosts.has(host), host).toBe(false)
  expect(behind.origins.has('https://paw.example')).toBe(true)
})

test('a parameter is one segment, whatever it holds', () => {
  expect(findRule(RULES, 'GET', '/api/jobs/..%2f..')?.path).toBe('/api/jobs/:id')
  expect(findRule(RULES, 'GET', '/api/jobs/a/b')).toBeNull()
})

test('an address with too many wrong tokens is throttled for a minute, others are not', () => {
  let nowMs = 0
  const throttle = createThrottle(10, 60_000, () => nowMs)
  expect(Array.from({ length: 12 }, () => throttle.isTooMany('a'))).toEqual([...Array(10).fill(false), true, true])
  expect(throttle.isTooMany('b')).toBe(false)
  nowMs = 60_000
  expect(throttle.isTooMany('a')).toBe(false)
})
