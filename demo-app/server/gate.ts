/** Who may talk to this demo: exact Host headers and exact Origins, in lower case. */
export interface Policy {
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']
const bracket = (name: string): string => (/:.*:/.test(name) && !name.startsWith('[') ? `[${name}]` : name)

export const isLoopback = (host: string): boolean => host === '::1' || LOOPBACK.includes(host.toLowerCase())

/**
 * The names under which the demo is reached: loopback and `own` with this port; `allowed` with it or, behind a reverse proxy,
 * as they are (`demo.example.org`, `demo.example.org:8443`).
 */
export function policyOf(port: number, own: readonly string[], allowed: readonly string[]): Policy {
  const withPort = [...LOOPBACK, ...own.map(bracket), ...allowed.map(bracket)]
  // Browsers leave out the default port of http.
  const bare = port === 80 ? withPort : allowed.map(bracket)
  const hosts = [...withPort.map((name) => `${name}:${port}`), ...bare].map((name) => name.toLowerCase())
  return { hosts: new Set(hosts), origins: new Set(hosts.flatMap((host) => [`http://${host}`, `https://${host}`])) }
}

/** A page of another site that points its own name at this machine sends its own name here. */
export const isOurHost = (policy: Policy, host: string | undefined): boolean =>
  host !== undefined && policy.hosts.has(host.toLowerCase())

/** Programs send no Origin, browsers always do where it counts (POST and sockets). */
export const isOurOrigin = (policy: Policy, origin: string | undefined): boolean =>
  origin === undefined || policy.origins.has(origin.toLowerCase())
