import { closeSync, fstatSync, open, read, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import { broken } from '../pixels/decodePicture.ts'

const UNREADABLE = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'EIO'])
const [openLater, readLater] = [promisify(open), promisify(read)]

/**
 * Reads a picture's file, of which `onStat` hears first. Throws Broken for one that cannot be read, or is larger than MAX_IMAGE_BYTES. Only what may wait for the disk goes
 * to another thread: each way there and back takes longer than what the system does.
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
