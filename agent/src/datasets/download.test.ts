import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { download } from './download.ts'
import { DatasetError } from './errors.ts'
import { ABANDONED_AFTER_MS } from './partial.ts'
import { type Handler, sendFile, startTestServer, type TestServer } from './testData.ts'
import type { DownloadOptions } from './transfer.ts'
import type { Progress } from './types.ts'

const NAME = 'cifar-10-binary.tar.gz'
const FILE = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * at) >> 7))
const MD5 = createHash('md5').update(FILE).digest('hex')

let folder: string
let server: TestServer
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'pawprint-download-')), 'made', 'when', 'missing')
})
afterEach(async () => {
  await server.close()
  await rm(join(folder, '../../..'), { recursive: true })
})

async function serve(handler: Handler): Promise<void> {
  server = await startTestServer(handler)
}

const get = (changes: Partial<DownloadOptions> = {}): Promise<string> =>
  download({
    url: server.url,
    md5: MD5,
    folder,
    name: NAME,
    maxBytes: 1e6,
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    retryDelayMs: 0,
    onProgress: () => undefined,
    nowMs: Date.now(),
    ...changes,
  })

async function expectWhole(path: string): Promise<void> {
  expect(path).toBe(join(folder, NAME))
  expect((await readFile(path)).equals(FILE)).toBe(true)
  expect(await readdir(folder)).toEqual([NAME])
}

test('fetches a file whole, and reports how far it is', async () => {
  await serve((request, response) => sendFile(request, response, FILE))
  const reports: Progress[] = []
  await expectWhole(await get({ onProgress: (progress) => reports.push(progress) }))
  expect(reports[0]).toEqual({ received: 0, total: FILE.length })
  expect(reports.at(-1)).toEqual({ received: FILE.length, total: FILE.length })
})

test('goes on where the connection broke, with Range and If-Range', async () => {
  await serve((request, response, count) => sendFile(request, response, FILE, count < 3 ? { cutAfter: 20_000 } : {}))
  const reports: Progress[] = []
  await expectWhole(await get({ onProgress: (progress) => reports.push(progress) }))
  expect(server.requests.map(({ range, 'if-range': validator }) => [range, validator])).toEqual([
    [undefined, undefined],
    ['bytes=20000-', '"v1"'],
    ['bytes=40000-', '"v1"'],
    ['bytes=60000-', '"v1"'],
  ])
  expect(reports.at(-1)).toEqual({ received: FILE.length, total: FILE.length })
})

test('goes on where the server fell silent', async () => {
  await serve((request, response, count) =>
    sendFile(request, response, FILE, count === 0 ? { cutAfter: 30_000, isSilent: true } : {}),
  )
  await expectWhole(await get({ idleTimeoutMs: 500 }))
  expect(server.requests[1]?.range).toBe('bytes=30000-')
})

test('begins anew when the file on the server has changed meanwhile', async () => {
  const old = Buffer.alloc(50_000, 1)
  await serve((request, response, count) =>
    count === 0
      ? sendFile(request, response, old, { etag: '"v0"', cutAfter: 20_000 })
      : sendFile(request, response, FILE),
  )
  await expectWhole(await get())
})

test('a server without ranges is asked for everything again', async () => {
  await serve((request, response, count) => {
    response.writeHead(200, { 'content-length': FILE.length, etag: '"v1"' })
    if (count > 0) response.end(FILE)
    else response.write(FILE.subarray(0, 10), () => request.socket.end())
  })
  await expectWhole(await get())
})

test('an answer for another range than asked for is not believed', async () => {
  await serve((request, response, count) => {
    if (count === 1) response.writeHead(206, { 'content-range': 'bytes 0-9/100000' }).end(FILE.subarray(0, 10))
    else sendFile(request, response, FILE, count === 0 ? { cutAfter: 20_000 } : {})
  })
  await expectWhole(await get())
})

test('gives up on a connection that breaks without bringing anything, and leaves what it has for the next time', async () => {
  await serve((request, response, count) => {
    if (count === 0) sendFile(request, response, FILE, { cutAfter: 20_000 })
    else if (count <= 3) request.socket.destroy()
    else sendFile(request, response, FILE)
  })
  await expect(get()).rejects.toThrow(
    'no network: the connection broke after 20000 bytes; the next try goes on from there',
  )
  expect(await readdir(folder)).toEqual([expect.stringMatching(/\.free\..*\.part$/)])
  await expectWhole(await get())
  expect(server.requests.at(-1)).toMatchObject({ range: 'bytes=20000-', 'if-range': '"v1"' })
})

const partNamed = (owner: string): string => `${NAME}.${owner}.${Buffer.from('"v1"').toString('base64url')}.part`

test('takes over what a dead process left, but not what a live one is at work on', async () => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, partNamed('123-abc')), FILE.subarray(0, 50_000))
  await serve((request, response) => sendFile(request, response, FILE))
  await get()
  expect(server.requests[0]?.range).toBeUndefined()
  expect(await readdir(folder)).toContain(partNamed('123-abc'))
  await expectWhole(await get({ nowMs: Date.now() + 2 * ABANDONED_AFTER_MS }))
  expect(server.requests[1]?.range).toBe('bytes=50000-')
})

test('a file that was whole but not yet checked when its process died is not fetched again', async () => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, partNamed('free')), FILE)
  await serve((request, response) => sendFile(request, response, FILE))
  await expectWhole(await get())
  expect(server.requests).toHaveLength(1)
})

test('leftovers that spoil the checksum are thrown away and everything is fetched once more', async () => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, partNamed('free')), Buffer.alloc(50_000, 3))
  await serve((request, response) => sendFile(request, response, FILE))
  await expectWhole(await get())
  expect(server.requests.map(({ range }) => range)).toEqual(['bytes=50000-', undefined])
})

test('many downloads at once do not disturb each other', async () => {
  await serve((request, response, count) => sendFile(request, response, FILE, count < 4 ? { cutAfter: 30_000 } : {}))
  for (const path of await Promise.all(Array.from({ length: 4 }, () => get()))) expect(path).toBe(join(folder, NAME))
  await expectWhole(join(folder, NAME))
})

test('what a server labels as gzip-encoded is kept as it is', async () => {
  await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(FILE))
  await expectWhole(await get())
})

test('follows redirects', async () => {
  await serve((request, response) => {
    if (request.url?.startsWith('/there')) sendFile(request, response, FILE)
    else response.writeHead(302, { location: '/there' }).end()
  })
  await expectWhole(await get())
})

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
  await serve(handler)
  const error = await get().then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DatasetError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(await readdir(folder)).toEqual([])
})

test('a server that takes the connection and never answers is given up after the time for connecting', async () => {
  await serve(() => undefined)
  await expect(get({ connectTimeoutMs: 300 })).rejects.toThrow('no network: no answer within 0.3 s')
})

test('without anybody at the address the download fails at once', async () => {
  await serve(() => undefined)
  await server.close()
  await expect(get()).rejects.toMatchObject({ code: 'E_NETWORK', got: 'no network: ECONNREFUSED' })
})

test('a name that nobody knows is no network', async () => {
  await serve(() => undefined)
  await expect(get({ url: 'http://pawprint.invalid/' })).rejects.toMatchObject({ code: 'E_NETWORK' })
})

test('a folder that cannot be made is said to be no place', async () => {
  await serve((request, response) => sendFile(request, response, FILE))
  await mkdir(join(folder, '..'), { recursive: true })
  await writeFile(folder, 'a file')
  await expect(get()).rejects.toMatchObject({ code: 'E_STORAGE', got: 'no place to save it: EEXIST' })
})

test('aborting rejects with its reason and keeps what has come', async () => {
  await serve((request, response, count) =>
    sendFile(request, response, FILE, count === 0 ? { cutAfter: 20_000, isSilent: true } : {}),
  )
  const stop = new AbortController()
  const onProgress = ({ received }: Progress): void => {
    if (received === 20_000) stop.abort(new Error('enough'))
  }
  await expect(get({ signal: stop.signal, onProgress })).rejects.toThrow('enough')
  await expectWhole(await get())
  expect(server.requests.at(-1)?.range).toBe('bytes=20000-')
})
