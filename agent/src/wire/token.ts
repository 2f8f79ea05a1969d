import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AgentError } from '../errors.ts'

/** Where a token may come from, in this order of precedence after the address itself. */
export interface TokenSources {
  readonly option?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** The address of a store, its token taken out. */
export interface StoreAddress {
  /** Of the WebSocket, without a token. */
  readonly socketUrl: string
  /** Of the HTTP API, without a trailing slash. */
  readonly httpUrl: string
  readonly token: string
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Parses `ws://…`, `wss://…` (or http, https) and finds the token. Throws AgentError E_URL or E_TOKEN. */
export function findStore(url: string, sources: TokenSources): StoreAddress {
  const parsed = parseUrl(url)
  const inUrl = parsed.searchParams.get('token')
  const secure = parsed.protocol === 'wss:' || parsed.protocol === 'https:'
  const path = parsed.pathname.replace(/\/+$/, '').replace(/\/ws$/, '')
  const base = `${parsed.host}${path}`
  const token =
    clean(sources.option) ??
    clean(inUrl) ??
    clean(sources.env.PAWPRINT_TOKEN) ??
    (LOOPBACK.has(parsed.hostname) ? readTokenFile(sources) : undefined)
  if (token === undefined)
    throw new AgentError(
      'E_TOKEN',
      base,
      'a token: connect(url, { token }), ?token=… in the address, PAWPRINT_TOKEN, or the token file of a store that runs here',
      'none of them',
    )
  return {
    socketUrl: `${secure ? 'wss' : 'ws'}://${base}/ws`,
    httpUrl: `${secure ? 'https' : 'http'}://${base}`,
    token,
  }
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['ws:', 'wss:', 'http:', 'https:'].includes(parsed.protocol))
    throw new AgentError(
      'E_URL',
      'the store’s address',
      'ws://host:port or wss://host:port',
      JSON.stringify(url.split('?')[0]),
    )
  return parsed
}

const clean = (token: string | null | undefined): string | undefined => token?.trim() || undefined

// A store on this machine leaves its token in its data folder: PAWPRINT_DATA, or `data` here or in a folder above.
function readTokenFile({ env, cwd }: TokenSources): string | undefined {
  const named = clean(env.PAWPRINT_DATA)
  const files = named === undefined ? foldersUpFrom(cwd).map((folder) => join(folder, 'data')) : [resolve(cwd, named)]
  // The agent's own token reaches less than the operator's, so it is taken first.
  const paths = files.flatMap((folder) => [join(folder, 'token-agent'), join(folder, 'token')])
  const file = paths.find((path) => existsSync(path))
  return file === undefined ? undefined : clean(readFileSync(file, 'utf8'))
}

function foldersUpFrom(start: string): string[] {
  const folders = [resolve(start)]
  for (let folder = folders[0] ?? '/'; dirname(folder) !== folder; folder = dirname(folder))
    folders.push(dirname(folder))
  return folders
}
