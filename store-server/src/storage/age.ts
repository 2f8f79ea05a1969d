import { lstat, utimes } from 'node:fs/promises'
import { blobPath, recordPath } from './blobfile.ts'
import { errnoOf } from './errno.ts'

const statOrNull = async (path: string) => {
  try {
    return await lstat(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * When a blob was committed or claimed last, by the times of its files, and its size; null when there is nothing of it, or
 * something that is no plain file.
 */
export async function ageOf(root: string, sha1: string): Promise<{ renewedMs: number; sizeBytes: number } | null> {
  const bytes = await statOrNull(blobPath(root, sha1))
  const record = await statOrNull(recordPath(root, sha1))
  const stats = [bytes, record].filter((stat) => stat !== null)
  if (stats.length === 0 || !stats.every((stat) => stat.isFile())) return null
  return { renewedMs: Math.max(...stats.map(({ mtimeMs }) => mtimeMs)), sizeBytes: bytes?.size ?? 0 }
}

/** Makes a blob as new as one committed at `nowMs`. By its record: a changed time of the bytes would have them hashed again. */
export async function renew(root: string, sha1: string, nowMs: number): Promise<void> {
  await utimes(recordPath(root, sha1), nowMs / 1000, nowMs / 1000)
}
