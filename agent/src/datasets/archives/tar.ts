import { DatasetError } from '../errors.ts'

/** One regular file of an archive. */
export interface TarFile {
  /** As written in the archive, with "/" between folders. Never used as a path on this machine. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Most entries read from one archive, and most bytes of it once unpacked: a small download must not unpack to a full disk. */
export const MAX_TAR_ENTRIES = 100_000
export const MAX_TAR_BYTES = 4 * 2 ** 30

const BLOCK = 512
const NAME = [0, 100] as const
const SIZE = [124, 136] as const
const CHECKSUM = [148, 156] as const
const TYPE = 156
const MAGIC = [257, 262] as const
const PREFIX = [345, 500] as const

/** Hands out exact numbers of bytes from a stream of chunks of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #at: string
  #chunk: Uint8Array = new Uint8Array(0)
  #passed = 0

  constructor(chunks: AsyncIterable<Uint8Array>, at: string) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#at = at
  }

  /** Passes `count` bytes to `take`, piece by piece; answers how many there were, fewer only at the end of the stream. */
  async pass(count: number, take: (piece: Uint8Array, offset: number) => void): Promise<number> {
    let done = 0
    while (done < count) {
      if (this.#chunk.length === 0) {
        const next = await this.#chunks.next()
        if (next.done) break
        this.#chunk = next.value
        this.#passed += next.value.length
        if (this.#passed > MAX_TAR_BYTES) {
          throw new DatasetError('E_FORMAT', this.#at, `at most ${MAX_TAR_BYTES} bytes once unpacked`, 'more')
        }
        continue
      }
      const piece = this.#chunk.subarray(0, count - done)
      take(piece, done)
      done += piece.length
      this.#chunk = this.#chunk.subarray(piece.length)
    }
    return done
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}

function textOf(header: Uint8Array, [start, end]: readonly [number, number]): string {
  const field = header.subarray(start, end)
  const stop = field.indexOf(0)
  return Buffer.from(stop < 0 ? field : field.subarray(0, stop)).toString('utf8')
}

/** An octal number of a header; null when it is none (the base-256 form of sizes above 8 GiB included). */
function octalOf(header: Uint8Array, field: readonly [number, number]): number | null {
  const text = textOf(header, field).trim()
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : null
}

/** Sum of all header bytes, those of the checksum itself counted as spaces. */
function checksumOf(header: Uint8Array): number {
  return header.reduce((sum, byte, at) => sum + (at >= CHECKSUM[0] && at < CHECKSUM[1] ? 0x20 : byte), 0)
}

function parseHeader(header: Uint8Array, at: string): { name: string; sizeBytes: number; isFile: boolean } {
  const [declared, sizeBytes] = [octalOf(header, CHECKSUM), octalOf(header, SIZE)]
  const sum = checksumOf(header)
  if (declared !== sum) throw new DatasetError('E_FORMAT', at, `a tar header with checksum ${sum}`, String(declared))
  const prefix = textOf(header, MAGIC) === 'ustar' ? textOf(header, PREFIX) : ''
  const name = (prefix ? `${prefix}/` : '') + textOf(header, NAME)
  if (sizeBytes === null) {
    throw new DatasetError('E_FORMAT', `${at}, ${name}`, 'a size in octal digits', JSON.stringify(textOf(header, SIZE)))
  }
  const type = header[TYPE]
  return { name, sizeBytes, isFile: type === 0 || type === 0x30 }
}

/**
 * Reads an uncompressed tar stream (POSIX.1-1988 ustar, pax and GNU; their extended headers are passed over) and yields
 * those regular files for which `limitOf(name)` gives a largest size in bytes. Nothing is written anywhere.
 * `at` names the archive in errors. Throws DatasetError `E_FORMAT`.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  limitOf: (name: string) => number | null,
  at: string,
): AsyncGenerator<TarFile, void, undefined> {
  const reader = new ByteReader(chunks, at)
  try {
    for (let entries = 0; ; entries++) {
      if (entries > MAX_TAR_ENTRIES)
        throw new DatasetError('E_FORMAT', at, `at most ${MAX_TAR_ENTRIES} entries`, 'more')
      const header = new Uint8Array(BLOCK)
      const length = await reader.pass(BLOCK, (piece, offset) => header.set(piece, offset))
      // Two empty blocks end an archive; one, or none, as some writers leave it, does too.
      if (length === 0 || (length === BLOCK && header.every((byte) => byte === 0))) return
      if (length < BLOCK)
        throw new DatasetError('E_FORMAT', at, `a header of ${BLOCK} bytes`, `its end after ${length}`)
      const entry = parseHeader(header, at)
      const file = await readEntry(reader, entry, limitOf, at)
      if (file) yield file
    }
  } finally {
    await reader.close()
  }
}

async function readEntry(
  reader: ByteReader,
  { name, sizeBytes, isFile }: ReturnType<typeof parseHeader>,
  limitOf: (name: string) => number | null,
  at: string,
): Promise<TarFile | null> {
  const limit = isFile ? limitOf(name) : null
  if (limit !== null && sizeBytes > limit) {
    throw new DatasetError('E_FORMAT', `${at}, ${name}`, `at most ${limit} bytes`, String(sizeBytes))
  }
  const bytes = limit === null ? null : new Uint8Array(sizeBytes)
  const read = await reader.pass(sizeBytes, (piece, offset) => bytes?.set(piece, offset))
  if (read < sizeBytes) {
    throw new DatasetError('E_FORMAT', `${at}, ${name}`, `${sizeBytes} bytes`, `the end of the archive after ${read}`)
  }
  const padding = (BLOCK - (sizeBytes % BLOCK)) % BLOCK
  await reader.pass(padding, () => undefined)
  return bytes && { name, bytes }
}
