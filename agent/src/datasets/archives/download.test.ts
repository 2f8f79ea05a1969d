import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { sendFile } from '../testing/testData.ts'
import { type Bench, FILE, openBench, WHOLE } from '../testing/testDownload.ts'
import type { Progress } from '../types.ts'

let bench: Bench
afterEach(() => bench.close())

test('fetches a file whole, and reports how far it is', async () => {
  bench = await openBench((request, response) => sendFile(request, response, FILE))
  const reports: Progress[] = []
  await bench.get({ onProgress: (progress) => reports.push(progress) })
  expect(await bench.result()).toEqual(WHOLE)
  expect(reports[0]).toEqual({ received: 0, total: FILE.length })
  expect(reports.at(-1)).toEqual({ received: FILE.length, total: FILE.length })
})

test('goes on where the connection broke, with Range and If-Range', async () => {
  bench = await openBench((request, response, count) =>
    sendFile(request, response, FILE, count < 3 ? { cutAfter: 20_000 } : {}),
  )
  const reports: Progress[] = []
  await bench.get({ onProgress: (progress) => reports.push(progress) })
  expect(await bench.result()).toEqual(WHOLE)
  expect(bench.server.requests.map(({ range, 'if-range': validator }) => [range, validator])).toEqual([
    [undefined, undefined],
    ['bytes=20000-', '"v1"'],
    ['bytes=40000-', '"v1"'],
    ['bytes=60000-', '"v1"'],
  ])
  expect(reports.at(-1)).toEqual({ received: FILE.length, total: FILE.length })
})

test('goes on where the server fell silent', async () => {
  bench = await openBench((request, response, count) =>
    sendFile(request, response, FILE, count === 0 ? { cutAfter: 30_000, isSilent: true } : {}),
  )
  await bench.get({ idleTimeoutMs: 500 })
  expect(await bench.result()).toEqual(WHOLE)
  expect(bench.server.requests[1]?.range).toBe('bytes=30000-')
})

test('begins anew when the file on the server has changed meanwhile', async () => {
  const old = Buffer.alloc(50_000, 1)
  bench = await openBench((request, response, count) =>
    count === 0
      ? sendFile(request, response, old, { etag: '"v0"', cutAfter: 20_000 })
      : sendFile(request, response, FILE),
  )
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
})

test('a server without ranges is asked for everything again', async () => {
  bench = await openBench((request, response, count) => {
    response.writeHead(200, { 'content-length': FILE.length, etag: '"v1"' })
    if (count > 0) response.end(FILE)
    else response.write(FILE.subarray(0, 10), () => request.socket.end())
  })
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
})

test('an answer for another range than asked for is not believed', async () => {
  bench = await openBench((request, response, count) => {
    if (count === 1) response.writeHead(206, { 'content-range': 'bytes 0-9/100000' }).end(FILE.subarray(0, 10))
    else sendFile(request, response, FILE, count === 0 ? { cutAfter: 20_000 } : {})
  })
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
})

test('gives up on a connection that breaks without bringing anything, and leaves what it has for the next time', async () => {
  bench = await openBench((request, response, count) => {
    if (count === 0) sendFile(request, response, FILE, { cutAfter: 20_000 })
    else if (count <= 3) request.socket.destroy()
    else sendFile(request, response, FILE)
  })
  await expect(bench.get()).rejects.toThrow(
    'no network: the connection broke after 20000 bytes; the next try goes on from there',
  )
  expect(await readdir(bench.folder)).toEqual([expect.stringMatching(/\.free\..*\.part$/)])
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
  expect(bench.server.requests.at(-1)).toMatchObject({ range: 'bytes=20000-', 'if-range': '"v1"' })
})

test('many downloads at once do not disturb each other', async () => {
  bench = await openBench((request, response, count) =>
    sendFile(request, response, FILE, count < 4 ? { cutAfter: 30_000 } : {}),
  )
  for (const path of await Promise.all(Array.from({ length: 4 }, () => bench.get())))
    expect(path).toBe(join(bench.folder, 'cifar-10-binary.tar.gz'))
  expect(await bench.result()).toEqual(WHOLE)
})

test('what a server labels as gzip-encoded is kept as it is', async () => {
  bench = await openBench((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(FILE))
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
})

test('follows redirects', async () => {
  bench = await openBench((request, response) => {
    if (request.url?.startsWith('/there')) sendFile(request, response, FILE)
    else response.writeHead(302, { location: '/there' }).end()
  })
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
})

test('aborting rejects with its reason and keeps what has come', async () => {
  bench = await openBench((request, response, count) =>
    sendFile(request, response, FILE, count === 0 ? { cutAfter: 20_000, isSilent: true } : {}),
  )
  const stop = new AbortController()
  const onProgress = ({ received }: Progress): void => {
    if (received === 20_000) stop.abort(new Error('enough'))
  }
  await expect(bench.get({ signal: stop.signal, onProgress })).rejects.toThrow('enough')
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
  expect(bench.server.requests.at(-1)?.range).toBe('bytes=20000-')
})
