import { hostname, networkInterfaces } from 'node:os'
import { type Certificate, namesOfCertificate } from './certificate.ts'
import { isLoopback } from './gate.ts'

const WILDCARDS = ['0.0.0.0', '::']

/** A wildcard is no name: then it is reached by this machine's own addresses; and in any case by the names of its certificate. */
export function ownNames(host: string, tls: Certificate | null): string[] {
  const certified = tls === null ? [] : namesOfCertificate(tls)
  if (!WILDCARDS.includes(host)) return [host, ...certified]
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
  return [hostname(), ...addresses, ...certified]
}

/** Where a browser on this machine opens it: with a certificate under a name that it is for. */
export function urlOf(host: string, port: number, tls: Certificate | null): string {
  const own = WILDCARDS.includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  if (tls === null) return `http://${own}:${port}/`
  const names = namesOfCertificate(tls)
  const here = WILDCARDS.includes(host) || isLoopback(host) ? ['127.0.0.1', 'localhost'] : []
  const name = [own, ...here].find((one) => names.includes(one.toLowerCase())) ?? names[0] ?? own
  return `https://${name}:${port}/`
}
