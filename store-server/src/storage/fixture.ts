import { createHash } from 'node:crypto'
import { parse, Sha1 } from '@pawprint/protocol'
import { type BlobInfo, type Blobs, type NewBlob, StorageError } from './storage.ts'

/** What the storage tests share. */
export const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bytes that repeat nowhere near, the same for the same seed. */
export const noise = (sizeBytes: number, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(sizeBytes)
  let state = seed
  for (let i = 0; i < sizeBytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export const declare = (bytes: Uint8Array): NewBlob => ({
  sha1: parse(Sha1, createHash('sha1').update(bytes).digest('hex')),
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sizeBytes: bytes.length,
  kind: 'weights',
})

export async function* stream(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk
}

/** Chunks, and then a connection that breaks off. */
export async function* broken(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
  throw new Error('connection reset')
}

/** Bytes that a test sends one chunk at a time, as a client on a slow line does; null ends them. */
export function manual() {
  const chunks: (Uint8Array | null)[] = []
  let wake = (): void => {}
  let asks = 0
  const waiting = new Map<number, () => void>()
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (;;) {
      waiting.get(++asks)?.()
      while (chunks.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      const chunk = chunks.shift()
      if (!chunk) return
      yield chunk
    }
  }
  return {
    bytes: bytes(),
    send: (chunk: Uint8Array | null): void => {
      chunks.push(chunk)
      wake()
    },
    /** Resolves when the reader asks for its n-th chunk, and so is done with the one before. */
    asked: (n: number): Promise<void> => new Promise((resolve) => (asks >= n ? resolve() : waiting.set(n, resolve))),
  }
}

export async function read(blobs: Blobs, sha1: Sha1, start?: number, end?: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of blobs.read(sha1, start, end)) pieces.push(piece)
  return Buffer.concat(pieces)
}

export async function upload(blobs: Blobs, bytes: Uint8Array): Promise<BlobInfo> {
  const { id, complete } = await blobs.createUpload(declare(bytes))
  if (!complete) await blobs.appendUpload(id, 0, stream(bytes))
  return blobs.commitUpload(id)
}

/** What the StorageError says that `promise` ends with. */
export async function refusal(promise: Promise<unknown>): Promise<Pick<StorageError, 'code' | 'expected' | 'got'>> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return { code: error.code, expected: error.expected, got: error.got }
  }
  throw new Error('expected a StorageError, got a value')
}

/** Their codes, in order. */
export const refusals = async (...promises: Promise<unknown>[]): Promise<string[]> =>
  (await Promise.all(promises.map(refusal))).map(({ code }) => code)

// The two colliding blocks of https://shattered.io with their common beginning: 320 bytes each, one SHA-1.
const SHATTERED_HEAD =
  '255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865696768742033203020522f54797065203420302052' +
  '2f537562747970652035203020522f46696c7465722036203020522f436f6c6f7253706163652037203020522f4c656e6774682038203020522f4269747350' +
  '6572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d3120697320646561642121212121852fec092339759c39b1a1c63c4c97e1' +
  'fffe01'
export const SHATTERED = [
  '7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df614f86db1690901c56b45c1530afedfb76038e972722fe7ad728f0e4904e046c2' +
    '30570fe9d41398abe12ef5bc942be33542a4802d98b5d70f2a332ec37fac3514e74ddc0f2cc1a874cd0c78305a21566461309789606bd0bf3f98cda8044629a1',
  '7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3dc38e96ac22fe7bd728f0e45bce046d2' +
    '3c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1',
].map((end) => new Uint8Array(Buffer.from(SHATTERED_HEAD + end, 'hex')))
