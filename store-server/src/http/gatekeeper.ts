import type { IncomingMessage } from 'node:http'
import { StoreError } from '../core/error.ts'
import { admit, type Credential, createThrottle, type Policy, type Rule, type Scope } from '../core/gate.ts'
import type { Access } from '../service/access.ts'

const WRONG_TOKENS_PER_WINDOW = 10
const WINDOW_MS = 60_000

const YEAR_S = 365 * 24 * 60 * 60

/** The Set-Cookie header that lets a browser in. `secure`: it may travel over https only. */
export const cookieFor = (name: string, token: string, secure: boolean): string =>
  `${name}=${token}; Max-Age=${YEAR_S}; Path=/; HttpOnly; ${secure ? 'Secure; ' : ''}SameSite=Strict`

/** Stands before every request and upgrade. */
export interface Gatekeeper {
  /** The scope that was shown, null on an open path. Throws StoreError E_HOST, E_ORIGIN, E_AUTH, E_SCOPE, E_NOT_FOUND, E_THROTTLED. */
  pass(request: IncomingMessage, upgrade: boolean): Scope | null
  /** The scope of a token from the address bar. Throws StoreError E_AUTH, E_THROTTLED. */
  exchange(token: string, address: string): Scope
  readonly policy: Policy
}

export const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0] ?? '/'
export const addressOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? 'unknown'

function cookieOf(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name && value !== undefined) return value
  }
  return null
}

/** The Host header, unless there are two: then nobody can know which one counts. */
function hostOf(request: IncomingMessage): string | undefined {
  const count = request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
  return count === 1 ? request.headers.host : undefined
}

function credentialOf(request: IncomingMessage, access: Access, cookieName: string): Credential {
  const { authorization, cookie } = request.headers
  const bearer = /^Bearer ([\w.~+/=-]{1,200})$/i.exec(authorization ?? '')?.[1]
  const token = authorization === undefined ? cookieOf(cookie, cookieName) : (bearer ?? '')
  if (token === null) return { type: 'none' }
  const scope = access.scopeOf(token)
  const by = authorization === undefined ? 'cookie' : 'bearer'
  return scope === null ? { type: 'wrong' } : { type: 'known', scope, by }
}

export interface GatekeeperOptions {
  readonly rules: readonly Rule[]
  readonly policy: Policy
  readonly access: Access
  readonly cookieName: string
  nowMs(): number
}

export function createGatekeeper({ rules, policy, access, cookieName, nowMs }: GatekeeperOptions): Gatekeeper {
  const throttle = createThrottle(WRONG_TOKENS_PER_WINDOW, WINDOW_MS, nowMs)

  function countWrong(address: string): void {
    if (!throttle.isTooMany(address)) return
    throw new StoreError('E_THROTTLED', 'token', `at most ${WRONG_TOKENS_PER_WINDOW} wrong tokens a minute`, 'more')
  }

  return {
    policy,
    pass(request, upgrade) {
      const credential = credentialOf(request, access, cookieName)
      const { method = '', headers } = request
      const approach = {
        method,
        path: pathOf(request),
        host: hostOf(request),
        origin: headers.origin,
        upgrade,
        credential,
      }
      const admission = admit(rules, policy, approach)
      if (admission.admitted) return admission.scope
      const { code, expected, got } = admission
      if (code === 'E_AUTH' && credential.type === 'wrong') countWrong(addressOf(request))
      throw new StoreError(code, code === 'E_HOST' ? 'host' : 'request', expected, got)
    },
    exchange(token, address) {
      const scope = access.scopeOf(token)
      if (scope !== null) return scope
      countWrong(address)
      throw new StoreError('E_AUTH', 'token', 'the token of this store', 'another token')
    },
  }
}
