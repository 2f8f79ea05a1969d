// HTTP that is malformed, byte by byte.
import { expect, test } from 'vitest'
import type { RunningStore } from '../startStore.ts'
import { call } from '../testing/fakeAgent.ts'
import { openRaw, statusOf } from '../testing/raw.ts'
import { storeWithModel } from '../testing/storeWithModel.ts'

const headOf = (store: RunningStore, line: string): string =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.token}\r\n`

/** A second request, hidden in what the first one may or may not count as its body: it would clear the store. */
const hidden = (store: RunningStore): string => {
  const body = '{"confirm":"clear"}'
  return `${headOf(store, 'DELETE /api/store')}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}
const JSON_TYPE = 'Content-Type: application/json\r\n'

test.each<[string, (post: string, second: string) => string]>([
  [
    'two lengths',
    (post, second) => `${post}Content-Length: 2\r\nContent-Length: ${2 + second.length}\r\n\r\n{}${second}`,
  ],
  ['two lengths in one line', (post, second) => `${post}Content-Length: 2, ${2 + second.length}\r\n\r\n{}${second}`],
  [
    'a length and chunks',
    (post, second) => `${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
  ],
  [
    'chunks that are not the last encoding',
    (post, second) => `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${second}`,
  ],
  ['chunks by another name', (post, second) => `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`],
  [
    'two encodings',
    (post, second) => `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${second}`,
  ],
  ['a space before the colon', (post, second) => `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${second}`],
  ['a length with a sign', (post, second) => `${post}Content-Length: +2\r\n\r\n{}${second}`],
  ['a length below nothing', (post, second) => `${post}Content-Length: -1\r\n\r\n{}${second}`],
  ['a length in hexadecimal', (post, second) => `${post}Content-Length: 0x2\r\n\r\n{}${second}`],
  ['a length of 2^64', (post, second) => `${post}Content-Length: 18446744073709551616\r\n\r\n{}${second}`],
  ['a chunk without a size', (post, second) => `${post}Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n${second}`],
  ['a chunk of -1', (post, second) => `${post}Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n${second}`],
  ['a chunk of 2^64', (post, second) => `${post}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n${second}`],
  [
    'a chunk longer than said',
    (post, second) => `${post}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${second}`,
  ],
  [
    'lines that end in a line feed',
    (post, second) => `${post.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}${second}`,
  ],
  ['a folded header', (post, second) => `${post}X-A: b\r\n Content-Length: 2\r\n\r\n${second}`],
  ['a header without a name', (post, second) => `${post}: chunked\r\n\r\n${second}`],
  ['a zero byte in a header', (post, second) => `${post}X-A: a\0b\r\nContent-Length: 2\r\n\r\n{}${second}`],
])('%s: one answer, 400, and the line is closed; what was hidden behind it is not done', async (_, build) => {
  const { store, sha1 } = await storeWithModel()
  const raw = openRaw(store.port)
  raw.write(build(`${headOf(store, 'POST /api/jobs')}${JSON_TYPE}`, hidden(store)))
  const answer = (await raw.ended).toString('latin1')
  // A body with a wrong chunk may be refused by the route that reads it, for what it had read till then.
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  expect((await call(store, 'GET', `/api/models/${sha1}`)).status).toBe(200)
})

test.each<[string, (store: RunningStore) => string, number]>([
  ['a request that is none', () => 'HELLO\r\n\r\n', 400],
  ['TLS where http is spoken', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['a method that there is not', (store) => `${headOf(store, 'BREW /api/jobs')}\r\n`, 400],
  [
    '2,000 headers',
    (store) =>
      `${headOf(store, 'GET /api/jobs')}${Array.from({ length: 2000 }, (_, i) => `X-${i}: ${i}\r\n`).join('')}\r\n`,
    431,
  ],
  ['a header of 20 kB', (store) => `${headOf(store, 'GET /api/jobs')}X-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ['an address of 20 kB', (store) => `${headOf(store, `GET /api/jobs?${'a'.repeat(20_000)}`)}\r\n`, 431],
  ['CONNECT', (store) => `${headOf(store, 'CONNECT evil.example:443')}\r\n`, 0],
])('%s is refused, and the store goes on', async (_, build, status) => {
  const { store } = await storeWithModel()
  const raw = openRaw(store.port)
  raw.write(Buffer.from(build(store), 'latin1'))
  expect(statusOf(await raw.ended) ?? 0).toBe(status)
  expect((await call(store, 'GET', '/api/jobs')).status).toBe(200)
})
