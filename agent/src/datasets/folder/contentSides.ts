import { createHash } from 'node:crypto'
import { closeSync, fstatSync, open, read, type Stats } from 'node:fs'
import { promisify } from 'node:util'
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
const [openLater, readLater] = [promisify(open), promisify(read)]

/**
 * Reads a picture's file. Throws Broken for one that cannot be read, or is larger than MAX_IMAGE_BYTES. Only what may wait for the disk goes
 * to another thread, because each time takes longer than the system's own part.
 */
export async function readPicture(path: string, onStat?: (found: Stats) => void): Promise<Uint8Array> {
  try {
    const file = await openLater(path, 'r')
    try {
      return await readOpen(file, onStat)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!UNREADABLE.has(code)) throw error
    return broken(`the file cannot be read: ${code}`)
  }
}

async function readOpen(file: number, onStat: (found: Stats) => void = () => undefined): Promise<Uint8Array> {
  const found = fstatSync(file)
  onStat(found)
  const { size } = found
  if (size > MAX_IMAGE_BYTES) broken(`the file has ${size} bytes, more than ${MAX_IMAGE_BYTES}`)
  const bytes = new Uint8Array(size)
  let at = 0
  while (at < size) {
    const { bytesRead } = await readLater(file, bytes, at, size - at, at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}
