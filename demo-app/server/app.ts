import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PING_INTERVAL_MS, type ToDemoPage } from '@pawprint/protocol'
import { ownNames, urlOf } from './address.ts'
import { readCertificate } from './certificate.ts'
import { DemoError } from './error.ts'
import { isOurHost, isOurOrigin, type Policy, policyOf } from './gate.ts'
import { createHttp } from './http.ts'
import { Mirror } from './mirror.ts'
import type { Options } from './options.ts'
import { createClassifier } from './predict.ts'
import { openShelf, type Shelf } from './shelf.ts'
import { type PageSockets, type Socket, servePages } from './sockets.ts'
import { StoreLink } from './store.ts'
import { watchFolder } from './watch.ts'

const MAX_PAGES = 1000
/** Time for requests under way when the demo ends, in ms. */
const LAST_REQUESTS_MS = 2_000
const BUILT_PAGE = fileURLToPath(new URL('../page', import.meta.url))

export interface Demo {
  /** Where a browser on this machine opens it, with a slash at the end. */
  readonly url: string
  readonly shelf: Shelf
  /** Ends predictions under way, connections and watches; resolves when nothing of it is left. */
  close(): Promise<void>
}

export interface Surroundings {
  readonly log: (line: string) => void
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** Folder of the built page; default: beside the built server. */
  readonly page?: string
}

async function listen(server: Server, { host, port }: Options): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const other = `choose another with --port ${port + 1} or PAWPRINT_DEMO_PORT`
      const got = error.code === 'EADDRINUSE' ? `port ${port}, which is in use: ${other}` : error.message
      reject(new DemoError('E_PORT', '--port', `a free port on ${host}`, got, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

/** Every page has all that the shelf says, from its first message on. */
function servePagesOf(shelf: Shelf, server: Server, policy: () => Policy): PageSockets {
  const message = (): string => JSON.stringify({ type: 'tasks', tasks: shelf.tasks() } satisfies ToDemoPage)
  const ping = JSON.stringify({ type: 'ping' } satisfies ToDemoPage)
  const pages = new Set<Socket>()
  shelf.onChange(() => {
    for (const page of pages) page.send(message())
  })
  const timer = setInterval(() => {
    for (const page of pages) page.send(ping)
  }, PING_INTERVAL_MS)
  const sockets = servePages(
    server,
    PING_INTERVAL_MS,
    (request, open) => {
      if (!isOurHost(policy(), request.headers.host) || !isOurOrigin(policy(), request.headers.origin))
        return '403 Forbidden'
      if (request.url !== '/ws') return '404 Not Found'
      return open < MAX_PAGES ? null : '503 Service Unavailable'
    },
    (page) => {
      pages.add(page)
      page.send(message())
      return () => pages.delete(page)
    },
  )
  return {
    close() {
      clearInterval(timer)
      sockets.close()
    },
  }
}

/** Follows the store when there is one, so that it knows what is served and this folder gets what it deploys. */
function joinStore(options: Options, shelf: Shelf, { log, random }: Surroundings): () => Promise<void> {
  const { folder, store: url } = options
  if (url === null) return async () => {}
  const inFile = (name: string) => readFile(join(folder, name), 'utf8').then((text) => text.trim())
  // The viewer's reaches less than the operator's, so it is taken first.
  const fromFolder = () => inFile('token-viewer').catch(() => inFile('token').catch(() => null))
  const token = async () => options.token ?? (await fromFolder())
  const mirror = new Mirror({
    folder,
    url,
    token,
    random,
    always: options.mirror,
    refuse: (task, sha1, error) => shelf.refuse(task, sha1, error),
  })
  const link = new StoreLink({
    url,
    token,
    random,
    log,
    instance: randomUUID(),
    tasks: () => shelf.tasks(),
    onDeployed: (current) => mirror.accept(current),
  })
  shelf.onChange((changed) => link.report(changed))
  return async () => {
    link.close()
    await mirror.close()
  }
}

/** Lets requests under way finish, within bounds. */
async function closeServer(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), LAST_REQUESTS_MS)
  await new Promise((resolve) => server.close(resolve))
  clearTimeout(timer)
}

/** Starts the demo. Resolves when it listens and serves what the folder holds. Throws DemoError E_PORT, E_OPTION. */
export async function startDemo(options: Options, surroundings: Surroundings): Promise<Demo> {
  const { log, page = BUILT_PAGE } = surroundings
  const tls = await readCertificate(options.certFile, options.keyFile)
  const shelf = openShelf(options.folder)
  let policy = policyOf(options.port, [], [])
  const server = createHttp({ shelf, classify: createClassifier(shelf), policy: () => policy, page, log, tls })
  // First the port: whoever asks for one in use should not wait for models to load.
  const port = await listen(server, options)
  policy = policyOf(port, ownNames(options.host, tls), options.allowHosts)
  const pages = servePagesOf(shelf, server, () => policy)
  shelf.onChange(({ task, served, refused }) => {
    if (refused !== null) log(`${task}: ${refused.sha1 ?? 'the deployment'} failed to load: ${refused.error.message}`)
    if (served !== null) log(`${task}: serving ${served.sha1}`)
  })
  const watching = await watchFolder(options.folder, (task) => shelf.look(task))
  const leaveStore = joinStore(options, shelf, surroundings)
  async function close(): Promise<void> {
    await leaveStore()
    await watching.close()
    pages.close()
    await closeServer(server)
    await shelf.close()
  }
  return { url: urlOf(options.host, port, tls), shelf, close }
}
