import { webcrypto } from 'node:crypto'
import type { Upload } from '../wire/upload.ts'

/** A file with both its digests, taken beside the main thread, which has a kernel to serve. */
export async function hashed(bytes: Uint8Array, kind: Upload['kind']): Promise<Upload> {
  const digest = async (algorithm: string): Promise<string> =>
    Buffer.from(await webcrypto.subtle.digest(algorithm, bytes)).toString('hex')
  const [sha1, sha256] = await Promise.all([digest('SHA-1'), digest('SHA-256')])
  return { bytes, sha1, sha256, kind }
}
