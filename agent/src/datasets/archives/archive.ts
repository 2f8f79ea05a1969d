import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { DatasetError } from '../errors.ts'

// The two bytes that a gzip file begins with (RFC 1952, 2.3.1).
const GZIP_MAGIC = [0x1f, 0x8b] as const

const PIECE_BYTES = 2 ** 18

/** The unpacked bytes of a gzip file. What zlib has to say about a broken one becomes a DatasetError `E_FORMAT`. */
async function* unzip(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const source = createReadStream(path, { highWaterMark: PIECE_BYTES })
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES })
  source.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of source.pipe(gunzip)) {
      signal?.throwIfAborted()
      yield chunk as Uint8Array
    }
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    if (!code.startsWith('Z_')) throw error
    const got = code === 'Z_BUF_ERROR' ? 'one that ends too early' : `"${(error as Error).message}"`
    throw new DatasetError('E_FORMAT', path, 'a complete gzip file', got, { cause: error })
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

async function* readPieces(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    signal?.throwIfAborted()
    yield piece as Uint8Array
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0)
    return GZIP_MAGIC.every((byte, at) => buffer[at] === byte)
  } finally {
    await file.close()
  }
}

/**
 * The bytes of a tar archive, piece by piece; unpacked first when it is compressed, which a name that ends in "gz" promises and any
 * other may turn out to be. Throws DatasetError `E_FORMAT` for a broken gzip file, and the signal's reason.
 */
export async function* readArchive(
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* path.endsWith('gz') || (await isGzip(path)) ? unzip(path, signal) : readPieces(path, signal)
}
