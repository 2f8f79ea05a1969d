import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import { DatasetError } from '../errors.ts'
import { sideBySide } from '../pixels/sideBySide.ts'
import type { BrokenImage } from '../types.ts'

/** The three sets of a dataset, in the order in which they are made. */
export const SIDES = ['train', 'validation', 'test'] as const
export type Side = (typeof SIDES)[number]

/** What the side of a picture depends on besides its content. */
export interface SideRule {
  /** Fraction for the test set; 0 ≤ x < 1. */
  readonly testSplit: number
  /** Fraction of the rest for validation; 0 ≤ x < 1. */
  readonly validationSplit: number
  readonly seed: number
}

const TWO_32 = 2 ** 32

/**
 * The side of a picture by the SHA-256 of its file: two numbers 0 ≤ x < 1 are drawn from the hash of seed and content, the first
 * decides about the test set, the second about validation. So no other picture matters, copies stay together, and another
 * `validationSplit` leaves the test set as it is.
 */
export function sideOf(sha256: string, { testSplit, validationSplit, seed }: SideRule): Side {
  const drawn = createHash('sha256').update(`${seed}:${sha256}`).digest()
  if (drawn.readUInt32BE(0) < testSplit * TWO_32) return 'test'
  return drawn.readUInt32BE(4) < validationSplit * TWO_32 ? 'validation' : 'train'
}

const UNREADABLE = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'EIO'])

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Reads a file that was hashed before. Throws DatasetError `E_FORMAT` when it has changed since: side and key would be wrong. */
export async function readHashed(path: string, sha256: string): Promise<Uint8Array> {
  const bytes = await readFile(path)
  if (sha256Of(bytes) === sha256) return bytes
  throw new DatasetError(
    'E_FORMAT',
    path,
    'a file that nobody changes meanwhile',
    'another content than a moment before',
  )
}

/** The hash of a file, or why it has none. */
async function hashFile(path: string): Promise<{ sha256: string } | { reason: string }> {
  try {
    // Its size first: a large file is not read to be refused.
    const { size } = await stat(path)
    if (size > MAX_IMAGE_BYTES) return { reason: `the file has ${size} bytes, more than ${MAX_IMAGE_BYTES}` }
    return {
      sha256: createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!UNREADABLE.has(code)) throw error
    return { reason: `the file cannot be read: ${code}` }
  }
}

/**
 * SHA-256, hex, of each file that can be read and has at most MAX_IMAGE_BYTES; the others are listed. Rejects with the signal's
 * reason.
 */
export async function hashFiles<T extends { readonly path: string; readonly name: string }>(
  files: readonly T[],
  signal: AbortSignal | undefined,
): Promise<{ hashed: readonly (T & { readonly sha256: string })[]; broken: readonly BrokenImage[] }> {
  const results: ({ sha256: string } | { reason: string })[] = []
  await sideBySide(files.length, async (index) => {
    results[index] = await hashFile((files[index] as T).path)
    signal?.throwIfAborted()
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
