import type { Server } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CLOSE } from '@pawprint/protocol'
import { removeStaleTemps } from './check/temps.ts'
import { policyOf, type Rule } from './core/gate.ts'
import type { Certificate } from './http/certificate.ts'
import { cookieFor, createGatekeeper } from './http/gatekeeper.ts'
import { createHttp, STATIC_RULES } from './http/http.ts'
import { allRoutes } from './http/routes.ts'
import { createServer, listen, namesOf, urlOf } from './http/server.ts'
import { DEFAULT_TIMES, type StoreOptions } from './options.ts'
import { type Access, createAccess } from './service/access.ts'
import { saveRegistry } from './service/changes.ts'
import type { Store } from './service/context.ts'
import { createCurrentWriter } from './service/current.ts'
import { sweepNewData } from './service/newData.ts'
import { openStore } from './service/open.ts'
import { sweepGone } from './service/registering.ts'
import { drawTokens, openTokens, replaceToken, type Tokens } from './service/token.ts'
import { startUpkeep } from './service/upkeep.ts'
import { realWorld } from './service/world.ts'
import { openStorage } from './storage/embedded.ts'
import { createSockets, type Sockets } from './wire/sockets.ts'
import { createUpgrade } from './wire/upgrade.ts'

const WS_RULE: Rule = { method: 'GET', path: '/ws', scope: 'any', upgrade: true }
/** Longest wait of a timer that looks for notebooks that are gone. */
const SWEEP_MS = 60_000
/** Longest wait of a timer that looks for new data to train on. */
const NEW_DATA_MS = 5_000
/** A store that ends on this folder is waited for so long. */
const LOCK_WAIT_MS = 10_000

export interface RunningStore {
  /** `http://host:port`, or `https://…` with a certificate; without a token. */
  readonly url: string
  readonly port: number
  /** The operator's, as it is now. */
  readonly token: string
  /** Tokens that reach less far, as they are now. */
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
  const { host = '127.0.0.1', port = 3001, dataDir, tls = null } = options
  const times = { ...DEFAULT_TIMES, ...options.times }
  const world = { ...realWorld, ...options.world }
  if (!options.storage && dataDir === undefined) throw new TypeError('startStore: expected dataDir or storage')
  const folder = dataDir === undefined ? null : resolve(dataDir)
  const onCorrupt = (sha1: string, problem: string) =>
    world.report(`weights ${sha1} are damaged and are not served: ${problem}`)
  const storage =
    options.storage ?? (await openStorage(folder ?? '', { ...options.limits, lockWaitMs: LOCK_WAIT_MS, onCorrupt }))
  const server = createServer(tls, times)
  try {
    const access = await openAccess(folder, options.tokens)
    const writeCurrent =
      options.writeCurrent ?? (folder === null ? async () => {} : createCurrentWriter(join(folder, 'deployed')))
    const store = await openStore({ storage, world, times, writeCurrent })
    const bound = await listen(server, port, host)
    // From here to the handlers nothing waits, so no request can come before them.
    const sockets = createSockets(times)
    answer(server, { ...options, store, access, sockets, host, port: bound, tls })
    const stopTimers = startTimers(store, folder)
    const close = once(() => shutDown(store, server, sockets, stopTimers, options.storage === undefined))
    return {
      url: urlOf(host, bound, tls),
      port: bound,
      get token() {
        return access.tokens().operator
      },
      get agentToken() {
        return access.tokens().agent
      },
      get viewerToken() {
        return access.tokens().viewer
      },
      close,
    }
  } catch (error) {
    server.close()
    if (!options.storage) await storage.close()
    throw error
  }
}

/** The tokens that were given; else those of the data folder; without one, drawn anew and kept nowhere. */
async function openAccess(folder: string | null, given: Tokens | undefined): Promise<Access> {
  if (given !== undefined || folder === null) return createAccess(given ?? drawTokens(), async () => {})
  return createAccess(await openTokens(folder), (scope, token) => replaceToken(folder, scope, token))
}

interface Answering {
  readonly store: Store
  readonly access: Access
  readonly sockets: Sockets
  readonly host: string
  readonly port: number
  readonly tls: Certificate | null
  readonly allowedHosts?: readonly string[]
  readonly webDir?: string
}

/** Puts the gate in front of the server, and the routes and sockets behind it. */
function answer(server: Server, options: Answering): void {
  const { store, access, sockets, host, port, tls } = options
  // Cookies do not tell ports apart, so the cookie's name does.
  const cookieName = `pawprint-${port}`
  const cookieOf = (token: string) => cookieFor(cookieName, token, tls !== null)
  const routes = allRoutes(store, access, cookieOf)
  const rules = [...STATIC_RULES, WS_RULE, ...routes]
  const policy = policyOf(port, [...namesOf(host, tls), ...(options.allowedHosts ?? [])])
  const gatekeeper = createGatekeeper({ rules, policy, access, cookieName, nowMs: store.world.nowMs })
  const webDir = resolve(options.webDir ?? fileURLToPath(new URL('../../web/dist', import.meta.url)))
  const { report } = store.world
  const { bodyIdleMs } = store.times
  server.on('request', createHttp({ routes, gatekeeper, access, cookieOf, webDir, bodyIdleMs, report }))
  server.on('upgrade', createUpgrade(store, sockets, gatekeeper, access))
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  return () => {
    running ??= work()
    return running
  }
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
  const newData = setInterval(
    guard('looking for new data', () => sweepNewData(store)),
    Math.min(NEW_DATA_MS, Math.max(1, store.times.quietMs)),
  )
  newData.unref()
  const stopUpkeep = startUpkeep(store, async () =>
    folder === null ? 0 : removeStaleTemps(folder, store.world.nowMs()),
  )
  return () => {
    clearInterval(sweep)
    clearInterval(newData)
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
