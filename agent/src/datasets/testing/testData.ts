// What the tests of this folder are made of: archives and servers built by hand. Not part of the package's exports.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

/** The parts of a tar archive that tests spoil. */
export interface TarEntry {
  readonly name: string
  readonly bytes?: Uint8Array
  /** Type flag, default "0": a regular file. */
  readonly type?: string
  /** Added to the right checksum; default 0. */
  readonly checksumError?: number
  /** Instead of the right size field. */
  readonly sizeField?: string
}

/** One header of 512 bytes and the padded content, after POSIX.1-1988. */
function tarBlocks({ name, bytes = new Uint8Array(0), type = '0', checksumError = 0, sizeField }: TarEntry): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0, 100)
  header.write('0000644\0', 100)
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
  if (sizeField !== undefined) header.write(sizeField.padEnd(12, '\0'), 124)
  header.write('        ', 148)
  header.write(type, 156)
  header.write('ustar\x0000', 257)
  let sum = checksumError
  for (const byte of header) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}

export const makeTar = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([...entries.map(tarBlocks), Buffer.alloc(1024)])

/** Colour of a pixel in a made-up record: any formula does that tells rows, columns, channels and records apart. */
export const pixelOf = (record: number, channel: number, row: number, column: number): number =>
  (record * 7 + channel * 85 + row * 5 + column * 3) % 256

/** CIFAR records by the published layout: a label, then 1,024 bytes each of red, green and blue, row by row. */
export function makeRecords(labels: readonly number[]): Buffer {
  const records = labels.map((label, record) => {
    const planes = [0, 1, 2].map((channel) =>
      Array.from({ length: 1024 }, (_, at) => pixelOf(record, channel, Math.floor(at / 32), at % 32)),
    )
    return Buffer.from([label, ...planes.flat()])
  })
  return Buffer.concat(records)
}

export const CLASS_NAMES = 'airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck'.split(',')

/** CIFAR-10's seven files with `perClass` records of each class in each, changed or (with null) left out as `changes` says. */
export function makeCifarFiles(
  perClass: number,
  changes: Readonly<Record<string, Uint8Array | null>> = {},
): Map<string, Uint8Array> {
  const records = makeRecords(Array.from({ length: perClass * 10 }, (_, index) => index % 10))
  const names = ['data_batch_1.bin', 'data_batch_2.bin', 'data_batch_3.bin', 'data_batch_4.bin', 'data_batch_5.bin']
  const all: Record<string, Uint8Array | null> = {
    'batches.meta.txt': Buffer.from(`${CLASS_NAMES.join('\n')}\n\n`),
    ...Object.fromEntries([...names, 'test_batch.bin'].map((name) => [name, records])),
    ...changes,
  }
  return new Map(Object.entries(all).flatMap(([name, bytes]) => (bytes ? [[name, bytes] as const] : [])))
}

/** The archive as the official one is made: a folder's entry, then its files. */
export function makeArchive(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const entries = [...files].map(([name, bytes]) => ({ name: `cifar-10-batches-bin/${name}`, bytes }))
  return gzipSync(makeTar([{ name: 'cifar-10-batches-bin/', type: '5' }, ...entries]))
}

/** A real server on a free port of this machine. */
export interface TestServer {
  readonly url: string
  /** Headers of each request so far. */
  readonly requests: IncomingMessage['headers'][]
  close(): Promise<void>
}

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

/** Starts a server; the handler also gets the request's number, from 0. */
export async function startTestServer(handler: Handler): Promise<TestServer> {
  const requests: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    requests.push(request.headers)
    handler(request, response, requests.length - 1)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/cifar-10-binary.tar.gz`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/**
 * Serves bytes with an ETag, ranges and If-Range. With `cutAfter`, sends that many bytes of what was asked for, then breaks the
 * connection (or, with `isSilent`, says nothing more).
 */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  { etag = '"v1"', cutAfter, isSilent = false }: { etag?: string; cutAfter?: number; isSilent?: boolean } = {},
): void {
  const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const start = request.headers['if-range'] === etag ? asked : 0
  if (start > 0 && start >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const body = bytes.subarray(start)
  const range = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}
  const headers = { 'content-type': 'application/x-gzip', 'content-length': body.length, ...range, etag }
  response.writeHead(start > 0 ? 206 : 200, headers)
  if (cutAfter === undefined) response.end(body)
  else response.write(body.subarray(0, cutAfter), () => (isSilent ? undefined : response.socket?.end()))
}
