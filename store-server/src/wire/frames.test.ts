// What no WebSocket client sends: each ends its own connection with the code of RFC 6455, and nobody else's.
import { PROTOCOL_VERSION } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import type { RunningStore } from '../startStore.ts'
import { closeCodeIn, type FrameOptions, frame, OP } from '../testing/frame.ts'
import { openRaw, statusOf, upgradeHead } from '../testing/raw.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

const HELLO = JSON.stringify({ type: 'hello', version: PROTOCOL_VERSION, role: 'page' })
const closing = (code: number, reason: string | Uint8Array = ''): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(code)
  return Buffer.concat([bytes, Buffer.from(reason)])
}
const NOT_UTF8 = Uint8Array.of(0xc3, 0x28)
const text = (payload: string | Uint8Array, options?: FrameOptions) => frame(OP.text, payload, options)

/** A page on a raw connection, let in and welcomed. */
async function rawPage(store: RunningStore) {
  const raw = openRaw(store.port)
  raw.write(upgradeHead(store.port, store.token))
  expect(statusOf(await raw.first)).toBe(101)
  raw.write(text(HELLO))
  return raw
}

test.each<[string, number, readonly Buffer[]]>([
  ['a reserved bit', 1002, [text('{}', { reserved: 4 })]],
  ['all reserved bits', 1002, [text('{}', { reserved: 7 })]],
  ['an opcode that there is not', 1002, [frame(3, '{}')]],
  ['a control opcode that there is not', 1002, [frame(11)]],
  ['a frame without a mask', 1002, [text('{}', { masked: false })]],
  ['text that is not UTF-8', 1007, [text(NOT_UTF8)]],
  [
    'text that is not UTF-8 across two fragments',
    1007,
    [text(NOT_UTF8.subarray(0, 1), { fin: false }), frame(OP.continuation, NOT_UTF8.subarray(1))],
  ],
  ['a close of one byte', 1002, [frame(OP.close, 'x')]],
  ['close code 0', 1002, [frame(OP.close, closing(0))]],
  ['close code 999', 1002, [frame(OP.close, closing(999))]],
  ['close code 1005, which never travels', 1002, [frame(OP.close, closing(1005))]],
  ['close code 1006, which never travels', 1002, [frame(OP.close, closing(1006))]],
  ['close code 5000', 1002, [frame(OP.close, closing(5000))]],
  ['a goodbye that is not UTF-8', 1007, [frame(OP.close, closing(1000, NOT_UTF8))]],
  ['a ping of 126 bytes', 1002, [frame(OP.ping, 'x'.repeat(126))]],
  ['a ping in fragments', 1002, [frame(OP.ping, 'x', { fin: false })]],
  ['a continuation of nothing', 1002, [frame(OP.continuation, '{}')]],
  ['a message inside a message', 1002, [text('{', { fin: false }), text('}')]],
  ['2^63 bytes', 1009, [text('', { declared: 2n ** 63n })]],
  ['2^53 bytes', 1009, [text('', { declared: 2n ** 53n })]],
  ['1 MiB and a byte', 1009, [text('', { declared: 1_048_577n })]],
  [
    '1 MiB and a byte in two fragments',
    1009,
    [text('x'.repeat(1_048_576), { fin: false }), frame(OP.continuation, 'x')],
  ],
  ['binary', 4400, [frame(OP.binary, '{}')]],
])('%s is answered with %i, and the page beside it goes on', async (_, code, frames) => {
  const store = await startTestStore({ times: { goodbyeMs: 20, coalesceMs: 1, pingIntervalMs: 20 } })
  const page = await openTestPage(store)
  const raw = await rawPage(store)
  for (const bytes of frames) raw.write(bytes)
  expect(closeCodeIn(await raw.ended)).toBe(code)
  await page.next('ping')
})

test('a message of very many small fragments is not collected without end', async () => {
  const store = await startTestStore({ times: { goodbyeMs: 20 } })
  const raw = await rawPage(store)
  raw.write(text('{', { fin: false }))
  const crumbs = Buffer.concat(Array.from({ length: 200_000 }, () => frame(OP.continuation, ' ', { fin: false })))
  raw.write(crumbs)
  expect([1008, 1009]).toContain(closeCodeIn(await raw.ended))
})

test('a message that is never finished holds no more than a frame, and pings between its fragments are answered', async () => {
  const store = await startTestStore({ times: { goodbyeMs: 20 } })
  const raw = await rawPage(store)
  for (let i = 0; i < 20; i++) {
    raw.write(text('x'.repeat(1000), { fin: false }).fill(i === 0 ? 0x01 : 0x00, 0, 1))
    raw.write(frame(OP.ping, 'here'))
  }
  raw.write(frame(OP.continuation, 'x'.repeat(1_048_576), { fin: false }))
  const said = await raw.ended
  expect(closeCodeIn(said)).toBe(1009)
  expect(said.toString('latin1').split('here').length - 1).toBe(20)
})

test.each<[string, (port: number, token: string) => string, readonly number[]]>([
  [
    '2,000 headers',
    (port, token) => upgradeHead(port, token, Array.from({ length: 2000 }, (_, i) => `X-${i}: ${i}\r\n`).join('')),
    [431],
  ],
  ['a header of 100 kB', (port, token) => upgradeHead(port, token, `X-A: ${'a'.repeat(100_000)}\r\n`), [431]],
  ['version 12', (port, token) => upgradeHead(port, token).replace('Version: 13', 'Version: 12'), [400, 426]],
  ['no version', (port, token) => upgradeHead(port, token).replace('Sec-WebSocket-Version: 13\r\n', ''), [400]],
  ['no key', (port, token) => upgradeHead(port, token).replace(/Sec-WebSocket-Key.*\r\n/, ''), [400]],
  ['a short key', (port, token) => upgradeHead(port, token).replace('AAAAAAAAAAAAAAAAAAAAAA==', 'AAA='), [400]],
  ['another protocol', (port, token) => upgradeHead(port, token).replace('Upgrade: websocket', 'Upgrade: h2c'), [400]],
  ['method POST', (port, token) => upgradeHead(port, token).replace('GET', 'POST'), [404]],
  [
    'the token in the address',
    (port, token) =>
      upgradeHead(port, token)
        .replace(/Authorization.*\r\n/, '')
        .replace('/ws', `/ws?token=${token}`),
    [401],
  ],
  [
    'two tokens',
    (port, token) =>
      upgradeHead(port, token, `Authorization: Bearer ${token}\r\n`).replace(`Bearer ${token}`, 'Bearer x'),
    [401],
  ],
  ['a foreign page', (port, token) => upgradeHead(port, token, 'Origin: http://evil.example\r\n'), [403]],
  ['a page without an address', (port, token) => upgradeHead(port, token, 'Origin: null\r\n'), [403]],
  ['a page that is no address', (port, token) => upgradeHead(port, token, 'Origin: ://\r\n'), [403]],
  ['an empty page', (port, token) => upgradeHead(port, token, 'Origin: \r\n'), [403]],
  [
    'another name',
    (port, token) => upgradeHead(port, token).replace(`127.0.0.1:${port}`, `evil.example:${port}`),
    [403],
  ],
  [
    'a name that begins alike',
    (port, token) => upgradeHead(port, token).replace(`127.0.0.1:${port}`, `localhost.evil.example:${port}`),
    [403],
  ],
  ['no name', (port, token) => upgradeHead(port, token).replace(/Host.*\r\n/, ''), [400, 403]],
])('an upgrade with %s is refused, and the store goes on', async (_, request, statuses) => {
  const store = await startTestStore()
  const raw = openRaw(store.port)
  raw.write(request(store.port, store.token))
  expect(statuses).toContain(statusOf(await raw.ended))
  await openTestPage(store)
})
