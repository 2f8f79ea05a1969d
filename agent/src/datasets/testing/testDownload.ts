// The bench on which downloads are tested: one folder, one real server, one file. Not part of the package's exports.
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { download } from '../archives/download.ts'
import type { DownloadOptions } from '../archives/transfer.ts'
import { type Handler, startTestServer, type TestServer } from './testData.ts'

const NAME = 'cifar-10-binary.tar.gz'

/** What the server has, unless a test says otherwise. */
export const FILE = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * at) >> 7))

export interface Bench {
  /** Does not exist yet. */
  readonly folder: string
  readonly server: TestServer
  /** Downloads FILE from the server into the folder; no waiting between tries. */
  get(changes?: Partial<DownloadOptions>): Promise<string>
  /** Path of a partial file with the ETag that the server gives. */
  partOf(owner: string): string
  /** The names in the folder, and whether the finished file has the right bytes. */
  result(): Promise<{ files: string[]; isRight: boolean }>
  close(): Promise<void>
}

/** What `result` gives after a good download. */
export const WHOLE = { files: [NAME], isRight: true }

export async function openBench(handler: Handler): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), 'pawprint-download-'))
  const folder = join(root, 'made', 'when', 'missing')
  const server = await startTestServer(handler)
  const defaults = {
    url: server.url,
    md5: createHash('md5').update(FILE).digest('hex'),
    folder,
    name: NAME,
    maxBytes: 1e6,
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    retryDelayMs: 0,
    onProgress: () => undefined,
  }
  return {
    folder,
    server,
    get: (changes) => download({ ...defaults, nowMs: Date.now(), ...changes }),
    partOf: (owner) => join(folder, `${NAME}.${owner}.${Buffer.from('"v1"').toString('base64url')}.part`),
    async result() {
      const files = await readdir(folder)
      return { files, isRight: files.includes(NAME) && (await readFile(join(folder, NAME))).equals(FILE) }
    },
    async close() {
      await server.close()
      await rm(root, { recursive: true })
    },
  }
}
