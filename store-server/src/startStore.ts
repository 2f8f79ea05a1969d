import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CLOSE } from '@pawprint/protocol'
import { removeStaleTemps } from './check/temps.ts'
import { isLoopback, policyOf, type Rule, type Scope } from './core/gate.ts'
import { failureOf } from './http/answers.ts'
import { createGatekeeper, type Gatekeeper } from './http/gatekeeper.ts'
import { createHttp, STATIC_RULES } from './http/http.ts'
import { allRoutes } from './http/routes.ts'
import { DEFAULT_TIMES, type StoreOptions } from './options.ts'
import { saveRegistry } from './service/changes.ts'
import type { Store } from './service/context.ts'
import { createCurrentWriter } from './service/current.ts'
import { openStore } from './service/open.ts'
import { sweepGone } from './service/registering.ts'
import { drawTokens, openTokens } from './service/token.ts'
import { startUpkeep } from './service/upkeep.ts'
import { realWorld } from './service/world.ts'
import { openStorage } from './storage/embedded.ts'
import { openConnection } from './wire/connection.ts'
import { createSockets, type Sockets } from './wire/sockets.ts'

const WS_RULE: Rule = { method: 'GET', path: '/ws', scope: 'any', upgrade: true }
/** Longest wait of a timer that looks for notebooks that are gone. */
const SWEEP_MS = 60_000
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 600_000
const IDLE_TIMEOUT_MS = 120_000
const MAX_CONNECTIONS = 4096
/** A store that ends on this folder is waited for so long. */
const LOCK_WAIT_MS = 10_000

export interface RunningStore {
  /** `http://host:port`, without a token. */
  readonly url: string
  readonly port: number
  /** The operator's. */
  readonly token: string
  /** Tokens that reach less far. */
  readonly agentToken: string
  readonly viewerToken: string
  /** Closes every connection with 1012, writes what is under way, and gives the data folder free. */
  close(): Promise<void>
}

/**
 * Starts a store. Rejects when the port is in use (EADDRINUSE), when another process has the data folder (StorageError
 * E_LOCKED), or when the folder is damaged (E_CORRUPT).
 */
export async function startStore(options: StoreOptions = {}): Promise<RunningStore> {
  const { host = '127.0.0.1', port = 3001, dataDir } = options
  const times = { ...DEFAULT_TIMES, ...options.times }
  const world = { ...realWorld, ...options.world }
  if (!options.storage && dataDir === undefined) throw new TypeError('startStore: expected dataDir or storage')
  const folder = dataDir === undefined ? null : resolve(dataDir)
  const onCorrupt = (sha1: string, problem: string) =>
    world.report(`weights ${sha1} are damaged and are not served: ${problem}`)
  const storage =
    options.storage ?? (await openStorage(folder ?? '', { ...options.limits, lockWaitMs: LOCK_WAIT_MS, onCorrupt }))
  const server = createServer()
  try {
    const tokens = options.tokens ?? (folder === null ? drawTokens() : await openTokens(folder))
    const writeCurrent =
      options.writeCurrent ?? (folder === null ? async () => {} : createCurrentWriter(join(folder, 'deployed')))
    const store = await openStore({ storage, world, times, writeCurrent })
    await listen(server, port, host)
    // From here to the handlers nothing waits, so no request can come before them.
    const bound = (server.address() as AddressInfo).port
    const routes = allRoutes(store)
    const rules = [...STATIC_RULES, WS_RULE, ...routes]
    const policy = policyOf(bound, [...namesOf(host), ...(options.allowedHosts ?? [])])
    const gatekeeper = createGatekeeper({ rules, policy, tokens, port: bound, nowMs: world.nowMs })
    const webDir = options.webDir ?? fileURLToPath(new URL('../../web/dist', import.meta.url))
    const sockets = createSockets(times)
    server.on('request', createHttp({ routes, gatekeeper, webDir: resolve(webDir), report: world.report }))
    server.on('upgrade', (request, stream, head) => upgrade(store, sockets, gatekeeper, request, stream, head))
    const stopTimers = startTimers(store, folder)
    const { operator, agent, viewer } = tokens
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
    const close = once(() => shutDown(store, server, sockets, stopTimers, options.storage === undefined))
    return { url, port: bound, token: operator, agentToken: agent, viewerToken: viewer, close }
  } catch (error) {
    server.close()
    if (!options.storage) await storage.close()
    throw error
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  return () => {
    running ??= work()
    return running
  }
}

/** Under which names the store is reached when it listens on every address. */
function namesOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return isLoopback(host) ? [] : [host]
  return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address))
}

function listen(server: Server, port: number, host: string): Promise<void> {
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.timeout = IDLE_TIMEOUT_MS
  server.maxConnections = MAX_CONNECTIONS
  return new Promise((done, fail) => {
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      done()
    })
  })
}

/** The gate for upgrades; a refusal is a plain HTTP answer. */
function upgrade(
  store: Store,
  sockets: Sockets,
  gatekeeper: Gatekeeper,
  request: IncomingMessage,
  stream: Duplex,
  head: Buffer,
): void {
  stream.on('error', () => stream.destroy())
  let scope: Scope | null = null
  try {
    scope = gatekeeper.pass(request, true)
  } catch (error) {
    refuse(stream, error)
    return
  }
  if (scope === null || store.closing) {
    stream.destroy()
    return
  }
  const known = scope
  sockets.accept(request, stream, head, (socket) => openConnection(store, socket, known))
}

function refuse(stream: Duplex, error: unknown): void {
  const { status, error: body } = failureOf(error)
  const text = JSON.stringify({ error: body })
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json\r\n`
  stream.end(`${head}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
}

function startTimers(store: Store, folder: string | null): () => void {
  const guard = (what: string, work: () => Promise<unknown>) => () => {
    work().catch((error: unknown) => store.world.report(`${what}: ${error instanceof Error ? error.message : error}`))
  }
  const sweep = setInterval(
    guard('looking for notebooks that are gone', () => sweepGone(store)),
    Math.min(SWEEP_MS, store.times.goneAfterMs),
  )
  sweep.unref()
  const stopUpkeep = startUpkeep(store, async () =>
    folder === null ? 0 : removeStaleTemps(folder, store.world.nowMs()),
  )
  return () => {
    clearInterval(sweep)
    stopUpkeep()
  }
}

async function shutDown(
  store: Store,
  server: Server,
  sockets: Sockets,
  stopTimers: () => void,
  ownsStorage: boolean,
): Promise<void> {
  store.closing = true
  if (ownsStorage) store.storage.retire()
  stopTimers()
  const closed = new Promise((done) => server.close(done))
  await sockets.close(CLOSE.shutdown, 'the store is shutting down', store.times.flushMs / 2)
  server.closeIdleConnections()
  const force = setTimeout(() => server.closeAllConnections(), store.times.flushMs / 2)
  await closed
  clearTimeout(force)
  // So that the next start knows when each notebook was heard last.
  saveRegistry(store).catch((error: unknown) => store.world.report(`the last save: ${String(error)}`))
  await Promise.race([store.saver.settled(), wait(store.times.flushMs, undefined, { ref: false })])
  if (ownsStorage) await store.storage.close()
}
