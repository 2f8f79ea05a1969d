import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'

/** A certificate with its key, both as PEM; further certificates of its chain may follow the first. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What is wrong with the files of a certificate. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError'
  constructor(at: string, expected: string, got: string, options?: ErrorOptions) {
    super(`${at}: expected ${expected}, got ${got}`, options)
  }
}

const CERT = '--tls-cert (PAWPRINT_TLS_CERT)'
const KEY = '--tls-key (PAWPRINT_TLS_KEY)'
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function readText(at: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new CertificateError(at, 'a file that can be read', reasonOf(error), { cause: error })
  }
}

function parseCert(path: string, cert: string): X509Certificate {
  try {
    return new X509Certificate(cert)
  } catch (error) {
    throw new CertificateError(CERT, 'a certificate in PEM form', `${path} (${reasonOf(error)})`, { cause: error })
  }
}

function parseKey(path: string, key: string): KeyObject {
  try {
    return createPrivateKey(key)
  } catch (error) {
    const got = `${path} (${reasonOf(error)})`
    throw new CertificateError(KEY, 'a private key in PEM form, without a passphrase', got, { cause: error })
  }
}

/** The certificate of these two files; null when there are none. Throws CertificateError. */
export async function readCertificate(
  certFile: string | undefined,
  keyFile: string | undefined,
): Promise<Certificate | null> {
  if (certFile === undefined && keyFile === undefined) return null
  if (certFile === undefined) throw new CertificateError(CERT, 'the file that belongs to --tls-key', 'none')
  if (keyFile === undefined) throw new CertificateError(KEY, 'the file that belongs to --tls-cert', 'none')
  const [cert, key] = [await readText(CERT, certFile), await readText(KEY, keyFile)]
  if (!parseCert(certFile, cert).checkPrivateKey(parseKey(keyFile, key)))
    throw new CertificateError(KEY, `the private key of ${certFile}`, `${keyFile}, which is another one's`)
  return { cert, key }
}

/** The names and addresses that a certificate is for, as they stand in an address (`[::1]`); wildcards are left out. */
export function namesOfCertificate(cert: string): string[] {
  const entries = new X509Certificate(cert).subjectAltName?.split(', ') ?? []
  return entries.flatMap((entry) => {
    const name = /^(?:DNS|IP Address):([\w.:-]+)$/.exec(entry)?.[1]
    if (name === undefined) return []
    const text = `https://${isIPv6(name) ? `[${name}]` : name}`
    return URL.canParse(text) ? [new URL(text).hostname] : []
  })
}

/** The days from and to which it is valid, when today is none of them; else null. */
export function outOfDate(cert: string, nowMs: number): string | null {
  const { validFrom, validTo } = new X509Certificate(cert)
  return Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo) ? null : `${validFrom} to ${validTo}`
}
