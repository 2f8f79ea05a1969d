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
  /** As it is now: one that came from a file may have been read again. */
  readonly token: string
  /** Reads the token's file again, after the store did not know `refused`; true when there is another token now. */
  renew?(refused: string): boolean
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Parses `ws://…`, `wss://…` (or http, https) and finds the token. Throws AgentError E_URL or E_TOKEN. */
export function findStore(url: string, sources: TokenSources): StoreAddress {
  const parsed = parseUrl(url)
  const inUrl = parsed.searchParams.get('token')
  const secure = parsed.protocol === 'wss:' || parsed.protocol === 'https:'
  const path = parsed.pathname.replace(/\/+$/, '').replace(/\/ws$/, '')
  const base = `${parsed.host}${path}`
  const given = clean(sources.option) ?? clean(inUrl) ?? clean(sources.env.PAWPRINT_TOKEN)
  const file = given === undefined ? tokenFile(sources, LOOPBACK.has(parsed.hostname)) : undefined
  const token = given ?? (file === undefined ? undefined : readTokenFile(file))
  if (token === undefined)
    throw new AgentError(
      'E_TOKEN',
      base,
      'a token: connect(url, { token }), ?token=… in the address, PAWPRINT_TOKEN, PAWPRINT_TOKEN_FILE, or the token file of a store that runs here',
      'none of them',
    )
  const urls = {
    socketUrl: `${secure ? 'wss' : 'ws'}://${base}/ws`,
    httpUrl: `${secure ? 'https' : 'http'}://${base}`,
  }
  return file === undefined ? { ...urls, token } : renewable(urls, file, token)
}

/** An address whose token is in a file, where a new one may be put. */
function renewable(urls: Omit<StoreAddress, 'token'>, file: string, first: string): StoreAddress {
  let token = first
  return {
    ...urls,
    get token() {
      return token
    },
    renew(refused) {
      // Whoever was refused first has read it already.
      if (token === refused) token = tokenStillIn(file) ?? token
      return token !== refused
    },
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

// PAWPRINT_TOKEN_FILE, or what a store on this machine leaves in its data folder: PAWPRINT_DATA, or `data` here or in a folder above.
function tokenFile({ env, cwd }: TokenSources, isHere: boolean): string | undefined {
  const file = clean(env.PAWPRINT_TOKEN_FILE)
  if (file !== undefined) return resolve(cwd, file)
  // A token that was not given for another machine is not sent to one.
  if (!isHere) return undefined
  const named = clean(env.PAWPRINT_DATA)
  const folders = named === undefined ? foldersUpFrom(cwd).map((folder) => join(folder, 'data')) : [resolve(cwd, named)]
  // The agent's own token reaches less than the operator's, so it is taken first.
  return folders
    .flatMap((folder) => [join(folder, 'token-agent'), join(folder, 'token')])
    .find((path) => existsSync(path))
}

function readTokenFile(path: string): string | undefined {
  try {
    return clean(readFileSync(path, 'utf8'))
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error)
    throw new AgentError('E_TOKEN', path, 'a file with a token', got, { cause: error })
  }
}

function tokenStillIn(path: string): string | undefined {
  try {
    return readTokenFile(path)
  } catch {
    // A file that is gone says nothing new.
    return undefined
  }
}

function foldersUpFrom(start: string): string[] {
  const folders = [resolve(start)]
  for (let folder = folders[0] ?? '/'; dirname(folder) !== folder; folder = dirname(folder))
    folders.push(dirname(folder))
  return folders
}
