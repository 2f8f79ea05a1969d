import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { DemoError } from './error.ts'

/** A certificate with its key, both as PEM; further certificates of its chain may follow the first. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

const CERT = '--tls-cert (PAWPRINT_TLS_CERT)'
const KEY = '--tls-key (PAWPRINT_TLS_KEY)'

/** What `work` answers; its failure as a DemoError. */
async function tried<T>(at: string, expected: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new DemoError('E_OPTION', at, expected, error instanceof Error ? error.message : String(error), {
      cause: error,
    })
  }
}

/** The certificate of these two files; null when there are none. Throws DemoError E_OPTION. */
export async function readCertificate(certFile: string | null, keyFile: string | null): Promise<Certificate | null> {
  if (certFile === null && keyFile === null) return null
  if (certFile === null) throw new DemoError('E_OPTION', CERT, 'the file that belongs to --tls-key', 'none')
  if (keyFile === null) throw new DemoError('E_OPTION', KEY, 'the file that belongs to --tls-cert', 'none')
  const cert = await tried(CERT, 'a file that can be read', () => readFile(certFile, 'utf8'))
  const key = await tried(KEY, 'a file that can be read', () => readFile(keyFile, 'utf8'))
  const parsed = await tried(CERT, `a certificate in PEM form in ${certFile}`, () => new X509Certificate(cert))
  const wantedKey = `a private key in PEM form, without a passphrase, in ${keyFile}`
  if (!parsed.checkPrivateKey(await tried(KEY, wantedKey, () => createPrivateKey(key))))
    throw new DemoError('E_OPTION', KEY, `the private key of ${certFile}`, `${keyFile}, which is another one's`)
  return { cert, key }
}

/** The names and addresses that a certificate is for, as they stand in an address (`[::1]`); wildcards are left out. */
export function namesOfCertificate({ cert }: Certificate): string[] {
  const entries = new X509Certificate(cert).subjectAltName?.split(', ') ?? []
  return entries.flatMap((entry) => {
    const name = /^(?:DNS|IP Address):([\w.:-]+)$/.exec(entry)?.[1]
    if (name === undefined) return []
    const text = `https://${isIPv6(name) ? `[${name}]` : name}`
    return URL.canParse(text) ? [new URL(text).hostname] : []
  })
}
