import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import { broken } from '../pixels/decodePicture.ts'

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

/** Reads a picture's file. Throws Broken for one that cannot be read, or is larger than MAX_IMAGE_BYTES. */
export async function readPicture(path: string): Promise<Uint8Array> {
  try {
    // Its size first: a large file is not read to be refused.
    const { size } = await stat(path)
    if (size > MAX_IMAGE_BYTES) broken(`the file has ${size} bytes, more than ${MAX_IMAGE_BYTES}`)
    return await readFile(path)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!UNREADABLE.has(code)) throw error
    return broken(`the file cannot be read: ${code}`)
  }
}
