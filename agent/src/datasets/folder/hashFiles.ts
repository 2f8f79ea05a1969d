import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { Broken } from '../pixels/decodePicture.ts'
import { sideBySide } from '../pixels/sideBySide.ts'
import type { BrokenImage } from '../types.ts'
import { type HashMemo, stampOf } from './fileStamps.ts'
import { readPicture } from './readPicture.ts'

/** The hash of a file, or why it has none. */
async function hashFile(path: string, memo: HashMemo): Promise<{ sha256: string } | { reason: string }> {
  const found = await stat(path).catch(() => null)
  const known = found && memo.find(path, stampOf(found))
  if (known) return { sha256: known }
  try {
    const sha256 = createHash('sha256')
      .update(await readPicture(path))
      .digest('hex')
    if (found !== null) memo.keep(path, stampOf(found), sha256, Date.now())
    return { sha256 }
  } catch (error) {
    if (error instanceof Broken) return { reason: error.message }
    throw error
  }
}

/** SHA-256, hex, of each file that can be read; the others are listed. Files that `memo` knows are not read. */
export async function hashFiles<T extends { readonly path: string; readonly name: string }>(
  files: readonly T[],
  memo: HashMemo,
): Promise<{ hashed: readonly (T & { readonly sha256: string })[]; broken: readonly BrokenImage[] }> {
  const results: ({ sha256: string } | { reason: string })[] = []
  await sideBySide(files.length, async (index) => {
    results[index] = await hashFile((files[index] as T).path, memo)
  })
  const hashed: (T & { sha256: string })[] = []
  const broken: BrokenImage[] = []
  for (const [index, file] of files.entries()) {
    const result = results[index] as { sha256: string } | { reason: string }
    if ('sha256' in result) hashed.push({ ...file, sha256: result.sha256 })
    else broken.push({ name: file.name, reason: result.reason })
  }
  return { hashed, broken }
}
