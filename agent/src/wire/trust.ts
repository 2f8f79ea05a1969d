/** How Node names a certificate that it does not accept, and what then helps. */
const HELP: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'use a name in the address that the certificate is for',
  CERT_HAS_EXPIRED: 'give the store a new one',
  CERT_NOT_YET_VALID: 'check the clocks of both machines',
}
const TRUST =
  'start the kernel with NODE_EXTRA_CA_CERTS=FILE, where FILE holds the certificate of whoever signed the store’s ' +
  '(for a self-made one: the store’s --tls-cert file)'
const UNTRUSTED =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Whether the line was not opened because the other side's certificate does not do. */
export const isUntrusted = (error: unknown): boolean => UNTRUSTED.test(codeOf(error))

/** What went wrong with TLS, with what helps; null for anything else. */
export function explainTls(error: unknown): string | null {
  const code = codeOf(error)
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return 'no TLS is spoken there: use ws:// instead of wss://, or start the store with --tls-cert and --tls-key'
  if (!isUntrusted(error)) return null
  return `a certificate that is not trusted here (${code}): ${HELP[code] ?? TRUST}`
}
