import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { DatasetError } from '../errors.ts'
import type { Handler } from '../testing/testData.ts'
import { type Bench, openBench } from '../testing/testDownload.ts'

let bench: Bench
afterEach(() => bench.close())

const refusals: [string, string, RegExp, Handler][] = [
  [
    'a 404',
    'E_ANSWER',
    /expected the archive, got the answer 404 of the server/,
    (_, response) => response.writeHead(404).end(),
  ],
  ['a 503', 'E_ANSWER', /got the answer 503/, (_, response) => response.writeHead(503).end()],
  [
    'the sign-in page of a captive portal',
    'E_ANSWER',
    /a web page \(does this network ask to sign in\?\)/,
    (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>Welcome</h1>'),
  ],
  [
    'another file',
    'E_CHECKSUM',
    /expected a file with MD5 .*, got one with MD5 /,
    (_, response) => response.end('x'.repeat(5000)),
  ],
  [
    'redirects in a ring',
    'E_ANSWER',
    /at most 5 redirects/,
    (_, response) => response.writeHead(301, { location: '/' }).end(),
  ],
  [
    'a redirect away from http',
    'E_ANSWER',
    /expected a redirect to an http address, got "file:/,
    (_, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
  ],
  [
    'a file announced as too large',
    'E_ANSWER',
    /at most 1000000 bytes, got 9000000/,
    (_, response) => response.writeHead(200, { 'content-length': 9e6 }).write('x'),
  ],
  [
    'a file that grows too large',
    'E_ANSWER',
    /at most 1000000 bytes, got more/,
    (_, response) => response.write(Buffer.alloc(1_000_001), () => response.end()),
  ],
  ['something that is not HTTP', 'E_NETWORK', /no network: /, (request) => request.socket.end('hello\r\n\r\n')],
]

test.each(refusals)('refuses %s and leaves nothing behind', async (_, code, message, handler) => {
  bench = await openBench(handler)
  const error = await bench.get().then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DatasetError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(await readdir(bench.folder)).toEqual([])
})

test('a server that takes the connection and never answers is given up after the time for connecting', async () => {
  bench = await openBench(() => undefined)
  await expect(bench.get({ connectTimeoutMs: 300 })).rejects.toThrow('no network: no answer within 0.3 s')
})

test('without anybody at the address the download fails at once', async () => {
  bench = await openBench(() => undefined)
  await bench.server.close()
  await expect(bench.get()).rejects.toMatchObject({ code: 'E_NETWORK', got: 'no network: ECONNREFUSED' })
})

test('a name that nobody knows is no network', async () => {
  bench = await openBench(() => undefined)
  await expect(bench.get({ url: 'http://pawprint.invalid/' })).rejects.toMatchObject({ code: 'E_NETWORK' })
})

test('a folder that cannot be made is said to be no place', async () => {
  bench = await openBench(() => undefined)
  await mkdir(join(bench.folder, '..'), { recursive: true })
  await writeFile(bench.folder, 'a file')
  await expect(bench.get()).rejects.toMatchObject({ code: 'E_STORAGE', got: 'no place to save it: EEXIST' })
})
