import { expect, test } from 'vitest'
import { isOurHost, isOurOrigin, policyOf } from './gate.ts'

const policy = policyOf(5000, ['10.0.0.7', 'fe80::1'], ['demo.example.org', 'other.example.org:8443'])

test.each([
  ['127.0.0.1:5000', true],
  ['LOCALHOST:5000', true],
  ['[::1]:5000', true],
  ['10.0.0.7:5000', true],
  ['[fe80::1]:5000', true],
  ['demo.example.org', true],
  ['demo.example.org:5000', true],
  ['other.example.org:8443', true],
  ['10.0.0.7', false],
  ['127.0.0.1', false],
  ['127.0.0.1:5001', false],
  ['127.0.0.1:5000.evil.example', false],
  ['demo.example.org.evil.example', false],
  ['other.example.org', false],
  ['', false],
  [undefined, false],
])('Host %j: %s', (host, isOurs) => {
  expect(isOurHost(policy, host)).toBe(isOurs)
})

test.each([
  [undefined, true],
  ['http://127.0.0.1:5000', true],
  ['https://demo.example.org', true],
  ['null', false],
  ['http://127.0.0.1', false],
  ['http://127.0.0.1:5000/', false],
  ['ws://127.0.0.1:5000', false],
  ['https://evil.example', false],
])('Origin %j: %s', (origin, isOurs) => {
  expect(isOurOrigin(policy, origin)).toBe(isOurs)
})

test('on port 80 browsers send no port', () => {
  expect(isOurHost(policyOf(80, [], []), 'localhost')).toBe(true)
})
