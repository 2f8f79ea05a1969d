import type { StoreErrorCode } from './error.ts'

/** What a token reaches: `operator` everything, the others their own part only. */
export type Scope = 'viewer' | 'agent' | 'operator'
export const SCOPES: readonly Scope[] = ['viewer', 'agent', 'operator']

/** `:name` in a path stands for one segment. `any` admits every known token; what it may do is asked again later. */
export interface Rule {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  readonly path: string
  readonly scope: 'open' | 'any' | Scope
  /** True for a path that is a WebSocket; nothing else may be upgraded. */
  readonly upgrade?: true
}

/** Who may talk to this store: exact Host headers and exact Origins, in lower case. */
export interface Policy {
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
}

/** What the gate needs to know of a request. */
export interface Approach {
  readonly method: string
  /** As it came, without the query. */
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly upgrade: boolean
  readonly credential: Credential
}

/** `wrong`: a token was shown that nobody has. `by` tells a browser's cookie, which travels by itself, from a header. */
export type Credential =
  | { readonly type: 'none' }
  | { readonly type: 'wrong' }
  | { readonly type: 'known'; readonly scope: Scope; readonly by: 'cookie' | 'bearer' }

export type Admission =
  | { readonly admitted: true; readonly scope: Scope | null }
  | { readonly admitted: false; readonly code: StoreErrorCode; readonly expected: string; readonly got: string }

const refuse = (code: StoreErrorCode, expected: string, got: string): Admission => ({
  admitted: false,
  code,
  expected,
  got,
})

export const reaches = (have: Scope, need: Rule['scope']): boolean =>
  have === 'operator' || need === 'open' || need === 'any' || have === need

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((part, i) => (part.startsWith(':') ? (given[i] ?? '') !== '' : part === given[i]))
  )
}

/** A GET rule also admits HEAD. Case and trailing slashes count: what is not written down is not there. */
export const findRule = (rules: readonly Rule[], method: string, path: string, upgrade = false): Rule | null =>
  rules.find(
    (rule) =>
      (rule.upgrade ?? false) === upgrade &&
      (rule.method === method || (rule.method === 'GET' && method === 'HEAD')) &&
      matches(rule.path, path),
  ) ?? null

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD'

/**
 * The one gate in front of every route, method and upgrade; what no rule names is refused. Host is checked first (a page of
 * another site that points its name here), then Origin wherever something could change (a page of another site that sends a
 * person's cookie along), then the token.
 */
export function admit(rules: readonly Rule[], policy: Policy, approach: Approach): Admission {
  const { host, origin, credential, method } = approach
  if (host === undefined || !policy.hosts.has(host.toLowerCase()))
    return refuse('E_HOST', 'the address that the store was started with', host ?? 'none')
  if (approach.upgrade || !isReading(method)) {
    if (origin !== undefined && !policy.origins.has(origin.toLowerCase()))
      return refuse('E_ORIGIN', "this store's own page", origin)
    if (origin === undefined && credential.type === 'known' && credential.by === 'cookie')
      return refuse('E_ORIGIN', 'an Origin header beside the cookie', 'none')
  }
  const rule = findRule(rules, method, approach.path, approach.upgrade)
  if (rule?.scope === 'open') return { admitted: true, scope: null }
  if (credential.type !== 'known')
    return refuse('E_AUTH', 'the token of this store', credential.type === 'none' ? 'none' : 'another token')
  if (!rule) return refuse('E_NOT_FOUND', 'a path and method of the API', `${method} ${approach.path.slice(0, 100)}`)
  if (!reaches(credential.scope, rule.scope)) return refuse('E_SCOPE', `scope ${rule.scope}`, credential.scope)
  return { admitted: true, scope: credential.scope }
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']
export const isLoopback = (host: string): boolean =>
  ['127.0.0.1', 'localhost', '::1', '[::1]'].includes(host.toLowerCase())

/**
 * The exact names under which this store is reached: loopback, the bound host, and names given by the operator (with a port, or
 * without one when a reverse proxy serves them on the standard port; then also as https).
 */
export function policyOf(port: number, names: readonly string[]): Policy {
  const local = [...LOOPBACK, ...names].map(splitPort).filter((name) => name.port === '')
  const given = names.map(splitPort).map((name) => `${name.host}${name.port}`)
  const hosts = [...local.map(({ host }) => `${host}:${port}`), ...given].map((name) => name.toLowerCase())
  return {
    hosts: new Set(hosts),
    origins: new Set(hosts.flatMap((host) => [`http://${host}`, `https://${host}`])),
  }
}

/** A name with brackets around an IPv6 address, and its `:port`, empty when there is none. */
function splitPort(name: string): { readonly host: string; readonly port: string } {
  const isBareIpv6 = !name.startsWith('[') && name.split(':').length > 2
  if (isBareIpv6) return { host: `[${name}]`, port: '' }
  const port = /:\d+$/.exec(name)?.[0] ?? ''
  return { host: name.slice(0, name.length - port.length), port }
}

/** Counts wrong tokens by address within a window. Old entries are dropped, so strangers cannot fill memory for long. */
export function createThrottle(limit: number, windowMs: number, nowMs: () => number) {
  const wrong = new Map<string, { since: number; count: number }>()
  return {
    /** Notes one more; true when the address is over the limit. A right token is never throttled: it cannot be guessed. */
    isTooMany(address: string): boolean {
      const now = nowMs()
      for (const [key, { since }] of wrong) if (now - since >= windowMs) wrong.delete(key)
      const entry = wrong.get(address) ?? { since: now, count: 0 }
      wrong.set(address, { ...entry, count: entry.count + 1 })
      return entry.count + 1 > limit
    },
  }
}
