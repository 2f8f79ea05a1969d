import { readFileSync } from 'node:fs'
import { createServer as createPlainServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isLoopback } from '../core/gate.ts'
import type { Times } from '../service/context.ts'
import { type Certificate, namesOfCertificate } from './certificate.ts'

/** Longest time for all of one request. An upload comes in parts of 4 MiB, so a line of 8 kB/s is fast enough. */
const REQUEST_TIMEOUT_MS = 600_000
/** A connection on which nothing at all moves is ended after this long. */
const IDLE_TIMEOUT_MS = 120_000
/** Longer than clients and proxies keep theirs (4 s to 60 s), so that none is ended while a request is on its way. */
const KEEP_ALIVE_MS = 65_000
const MAX_CONNECTIONS = 4096
/** Open files that connections leave to the disk, where so few are allowed that it matters: at most half of them. */
const FILES_KEPT = 1024
const WILDCARDS = ['0.0.0.0', '::']
const LOOPBACK_NAMES = ['127.0.0.1', 'localhost']

/** An HTTP server, or with a certificate an HTTPS server, whose connections cannot last for ever. Not yet listening. */
export function createServer(tls: Certificate | null, { headersMs }: Pick<Times, 'headersMs'>): Server {
  const limits = {
    headersTimeout: headersMs,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // How often Node looks for connections that took too long.
    connectionsCheckingInterval: Math.ceil(headersMs / 2),
  }
  const server =
    tls === null ? createPlainServer(limits) : createTlsServer({ ...limits, ...tls, handshakeTimeout: headersMs })
  server.timeout = IDLE_TIMEOUT_MS
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const files = maxOpenFiles()
  server.maxConnections = Math.min(MAX_CONNECTIONS, Math.max(Math.floor(files / 2), files - FILES_KEPT))
  return server
}

/** How many files this process may have open at a time; infinite where that cannot be told. */
function maxOpenFiles(): number {
  try {
    return Number(
      /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.POSITIVE_INFINITY,
    )
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Resolves with the port. Rejects with the system's error, such as EADDRINUSE. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      done((server.address() as AddressInfo).port)
    })
  })
}

/** Under which names the store is reached, beside loopback: its address, all of this machine's, and those of its certificate. */
export function namesOf(host: string, tls: Certificate | null): string[] {
  const addresses = WILDCARDS.includes(host)
    ? Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address))
    : isLoopback(host)
      ? []
      : [host]
  return [...addresses, ...(tls === null ? [] : namesOfCertificate(tls.cert))]
}

/** `http://host:port` or `https://…`, as it is opened on this machine: with a certificate under a name that it is for. */
export function urlOf(host: string, port: number, tls: Certificate | null): string {
  const here = WILDCARDS.includes(host) || isLoopback(host) ? LOOPBACK_NAMES : []
  const own = WILDCARDS.includes(host) ? '127.0.0.1' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  if (tls === null) return `http://${own}:${port}`
  const names = namesOfCertificate(tls.cert)
  const name = [own, ...here].find((one) => names.includes(one.toLowerCase())) ?? names[0] ?? own
  return `https://${name}:${port}`
}
