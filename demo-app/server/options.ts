import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DemoError } from './error.ts'
import { isLoopback } from './gate.ts'

export const HELP = `node demo-app/dist/server/main.js [options]      (each also as a variable)

  --folder DIR       the store's data folder, or a mirror of it  PAWPRINT_DATA          ./data
  --port N           port of the demo (also --demo-port)         PAWPRINT_DEMO_PORT     5000
  --host HOST        address to listen on                        PAWPRINT_HOST          127.0.0.1
  --store URL        store to report to and to mirror, ws://…    PAWPRINT_STORE         none
  --mirror           fetch every model from the store            PAWPRINT_MIRROR=1
  --allow-remote     allow a host that others can reach          PAWPRINT_ALLOW_REMOTE=1
  --allow-host NAME  a name the demo is reached by, repeatable   PAWPRINT_ALLOW_HOSTS   none (split by commas)
  --tls-cert FILE    speak https, with this certificate          PAWPRINT_TLS_CERT      none
  --tls-key FILE     its private key; both in PEM form           PAWPRINT_TLS_KEY       none
  --help             this text

  The store's token comes from PAWPRINT_TOKEN, or from the folder's files "token-viewer" or "token".`

export interface Options {
  /** Absolute path. */
  readonly folder: string
  /** 0: any free one. */
  readonly port: number
  readonly host: string
  /** `ws:` or `wss:`; null: no store to talk to. */
  readonly store: URL | null
  readonly mirror: boolean
  /** Names beside loopback under which browsers may reach it. */
  readonly allowHosts: readonly string[]
  /** Null: the folder's files `token-viewer` or `token`, read again at each try. */
  readonly token: string | null
  /** Files of a TLS certificate and its key. Null: plain http. */
  readonly certFile: string | null
  readonly keyFile: string | null
}

const FLAGS = {
  folder: { type: 'string' },
  port: { type: 'string' },
  'demo-port': { type: 'string' },
  host: { type: 'string' },
  store: { type: 'string' },
  mirror: { type: 'boolean' },
  'allow-remote': { type: 'boolean' },
  'allow-host': { type: 'string', multiple: true },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  help: { type: 'boolean' },
} as const

const quoted = (text: string): string => JSON.stringify(text)

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new DemoError('E_OPTION', '--port (PAWPRINT_DEMO_PORT)', 'a port from 0 to 65535', quoted(text))
  return port
}

/** `ws://host:port` of a store; `http:` and `https:` mean the same store. */
export function readStoreUrl(text: string): URL {
  const at = '--store (PAWPRINT_STORE)'
  if (!URL.canParse(text)) throw new DemoError('E_OPTION', at, 'an address like ws://127.0.0.1:3001', quoted(text))
  const url = new URL(text.replace(/^http(s?):/, 'ws$1:'))
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw new DemoError('E_OPTION', at, 'an address that starts with ws: or wss:', quoted(text))
  return url
}

function readHost(host: string, allowRemote: boolean): string {
  if (host === '') throw new DemoError('E_OPTION', '--host (PAWPRINT_HOST)', 'an address', 'nothing')
  if (!isLoopback(host) && !allowRemote)
    throw new DemoError('E_OPTION', '--host (PAWPRINT_HOST)', '127.0.0.1, or --allow-remote beside it', quoted(host))
  return host
}

/** Flags, then variables, then defaults; null when only help is wanted. Throws DemoError E_OPTION. */
export function readOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | null {
  let values: ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values']
  try {
    values = parseArgs({ args: [...argv], options: FLAGS, allowPositionals: false }).values
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error)
    throw new DemoError('E_OPTION', 'flags', 'those that --help lists', got, { cause: error })
  }
  if (values.help) return null
  const store = values.store ?? env.PAWPRINT_STORE
  const allowHosts = values['allow-host'] ?? env.PAWPRINT_ALLOW_HOSTS?.split(',') ?? []
  return {
    folder: resolve(values.folder ?? env.PAWPRINT_DATA ?? 'data'),
    port: readPort(values.port ?? values['demo-port'] ?? env.PAWPRINT_DEMO_PORT ?? '5000'),
    host: readHost(
      values.host ?? env.PAWPRINT_HOST ?? '127.0.0.1',
      values['allow-remote'] ?? env.PAWPRINT_ALLOW_REMOTE === '1',
    ),
    store: store === undefined || store === '' ? null : readStoreUrl(store),
    mirror: values.mirror ?? env.PAWPRINT_MIRROR === '1',
    allowHosts: allowHosts.map((name) => name.trim()).filter((name) => name !== ''),
    token: env.PAWPRINT_TOKEN?.trim() || null,
    certFile: values['tls-cert'] ?? (env.PAWPRINT_TLS_CERT || null),
    keyFile: values['tls-key'] ?? (env.PAWPRINT_TLS_KEY || null),
  }
}
