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
const MAX_CONNECTIONS = 4096
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
  server.maxConnections = MAX_CONNECTIONS
  return server
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
