import { StorageError } from '../storage/storage.ts'

// A tar of POSIX.1-1988 (ustar) with plain files alone, as small as an archive of a store needs it: every tar program reads it.
const BLOCK = 512
/** 11 octal digits. */
const MAX_FILE_BYTES = 8 * 2 ** 30 - 1
const MAX_NAME_BYTES = 100
const FILE_MODE = 0o600

export interface TarEntry {
  /** With "/" between folders; at most 100 bytes. */
  readonly path: string
  readonly sizeBytes: number
  readonly bytes: AsyncIterable<Uint8Array>
}

const padding = (sizeBytes: number): number => (BLOCK - (sizeBytes % BLOCK)) % BLOCK
const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')

/** Sum of the header's bytes, those of the sum itself taken as spaces. */
const sumOf = (header: Uint8Array): number =>
  header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0)

/** `mtimeS` in seconds since 1970. Throws StorageError E_TOO_LARGE above 8 GiB, E_ARGUMENT for a long name. */
function headerOf({ path, sizeBytes }: TarEntry, mtimeS: number): Buffer {
  if (sizeBytes > MAX_FILE_BYTES)
    throw new StorageError('E_TOO_LARGE', path, `at most ${MAX_FILE_BYTES} bytes in an archive`, `${sizeBytes}`)
  if (Buffer.byteLength(path) > MAX_NAME_BYTES)
    throw new StorageError('E_ARGUMENT', path, `a name of at most ${MAX_NAME_BYTES} bytes`, 'a longer one')
  const header = Buffer.alloc(BLOCK)
  const fields: readonly (readonly [number, string])[] = [
    [0, path],
    [100, `${octal(FILE_MODE, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`],
    [124, `${octal(sizeBytes, 11)}\0${octal(mtimeS, 11)}\0`],
    [156, '0'],
    [257, 'ustar\x0000'],
  ]
  for (const [at, text] of fields) header.write(text, at, 'utf8')
  header.write(`${octal(sumOf(header), 6)}\0 `, 148, 'latin1')
  return header
}

/** The archive's bytes. An entry is asked for when the one before is written. Throws when an entry has other bytes than it says. */
export async function* packTar(entries: AsyncIterable<TarEntry>, mtimeS: number): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    yield headerOf(entry, mtimeS)
    let written = 0
    for await (const chunk of entry.bytes) {
      written += chunk.length
      yield chunk
    }
    if (written !== entry.sizeBytes)
      throw new StorageError('E_CORRUPT', entry.path, `${entry.sizeBytes} bytes`, `${written}`)
    if (padding(written) > 0) yield Buffer.alloc(padding(written))
  }
  yield Buffer.alloc(2 * BLOCK)
}

const damaged = (at: string, expected: string, got: string): StorageError =>
  new StorageError('E_CORRUPT', at, expected, got)

/** Hands out exact numbers of bytes from chunks of any size. */
function createSource(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  /** Up to `count` bytes in pieces; fewer only at the end. */
  async function* take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      if (rest.length === 0) {
        const next = await iterator.next()
        if (next.done) return
        rest = next.value
        continue
      }
      const piece = rest.subarray(0, left)
      rest = rest.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }
  const block = async (): Promise<Buffer> => {
    const pieces: Uint8Array[] = []
    for await (const piece of take(BLOCK)) pieces.push(piece)
    return Buffer.concat(pieces)
  }
  return { take, block, close: async () => void (await iterator.return?.()) }
}

/** Parses a header; null for the zeros that end an archive. */
function parseHeader(header: Buffer, at: string): Omit<TarEntry, 'bytes'> | null {
  if (header.length < BLOCK) throw damaged(at, 'a header or the end mark', `the end after ${header.length} bytes`)
  if (header.every((byte) => byte === 0)) return null
  const text = (from: number, to: number): string => header.toString('utf8', from, to).replace(/\0.*$/s, '')
  const sum = `${octal(sumOf(header), 6)}`
  if (text(148, 156).trim().padStart(6, '0') !== sum) throw damaged(at, `a header with checksum ${sum}`, 'other bytes')
  const [size, prefix, type] = [text(124, 136).trim(), text(345, 500), text(156, 157)]
  const path = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`
  if (type !== '0' && type !== '')
    throw damaged(`${at} ${JSON.stringify(path)}`, 'a plain file', `type ${JSON.stringify(type)}`)
  if (!/^[0-7]{1,11}$/.test(size))
    throw damaged(`${at} ${JSON.stringify(path)}`, 'a size in octal digits', JSON.stringify(size))
  return { path, sizeBytes: Number.parseInt(size, 8) }
}

/** Reads what packTar writes. Every entry's bytes are to be read to their end before the next. Throws StorageError E_CORRUPT. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const source = createSource(chunks)
  try {
    for (let number = 1; ; number++) {
      const header = parseHeader(await source.block(), `entry ${number}`)
      if (header === null) break
      const { path, sizeBytes } = header
      yield { path, sizeBytes, bytes: exactly(source, path, sizeBytes) }
    }
    for await (const piece of source.take(Number.POSITIVE_INFINITY))
      if (piece.some((byte) => byte !== 0)) throw damaged('the end', 'nothing behind it', 'more bytes')
  } finally {
    await source.close()
  }
}

async function* exactly(
  source: ReturnType<typeof createSource>,
  path: string,
  sizeBytes: number,
): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const piece of source.take(sizeBytes)) {
    done += piece.length
    yield piece
  }
  let padded = 0
  for await (const piece of source.take(padding(sizeBytes))) {
    padded += piece.length
    if (piece.some((byte) => byte !== 0)) throw damaged(path, 'zeros up to a whole block', 'other bytes')
  }
  if (done < sizeBytes || padded < padding(sizeBytes))
    throw damaged(path, `${sizeBytes} bytes, padded to a whole block`, `the end of the archive after ${done}`)
}
