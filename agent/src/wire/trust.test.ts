import { expect, test } from 'vitest'
import { explainTls, isUntrusted } from './trust.ts'

const failure = (code: string): Error => Object.assign(new Error('words of a library'), { code })

test.each([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', true, 'NODE_EXTRA_CA_CERTS=FILE'],
  ['SELF_SIGNED_CERT_IN_CHAIN', true, 'NODE_EXTRA_CA_CERTS=FILE'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', true, 'NODE_EXTRA_CA_CERTS=FILE'],
  ['CERT_HAS_EXPIRED', true, 'give the store a new one'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', true, 'use a name'],
  ['EPROTO', false, 'use ws:// instead of wss://'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', false, 'use ws:// instead of wss://'],
])('%s is told with what helps', (code, untrusted, help) => {
  expect(isUntrusted(failure(code))).toBe(untrusted)
  expect(explainTls(failure(code))).toContain(help)
})

test.each([['ECONNREFUSED'], ['ECONNRESET'], ['ENOTFOUND']])('%s is no matter of TLS', (code) => {
  expect(isUntrusted(failure(code))).toBe(false)
  expect(explainTls(failure(code))).toBeNull()
})
