import { join } from 'node:path'
import { DatasetError } from '../errors.ts'
import { CIFAR_NAMES_FILE, type CifarFiles } from './cifarFiles.ts'

/** Class names of the official set, in the order of the labels. */
export const CIFAR10_CLASS_NAMES: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
]

/** Side of CIFAR images in pixels. */
export const CIFAR_SIDE = 32

const PLANE = CIFAR_SIDE * CIFAR_SIDE
const CLASS_COUNT = CIFAR10_CLASS_NAMES.length
const MAX_CLASS_NAME_LENGTH = 128

/** Bytes of one record: the label, then the planes R, G, B, each 32 rows of 32. */
export const RECORD_BYTES = 1 + 3 * PLANE

/** Records of one or more files, in order. */
export interface Records {
  /** `[count]`, each 0 to 9. */
  readonly labels: Uint8Array
  /** Writes one image as `[32, 32, 3]` to `target` from `offset`. */
  copyImage(index: number, target: Uint8Array, offset: number): void
}

function checkRecords(path: string, bytes: Uint8Array): void {
  if (bytes.length === 0 || bytes.length % RECORD_BYTES !== 0) {
    const size = `a size that is a multiple of ${RECORD_BYTES.toLocaleString('en')} bytes, and not 0`
    throw new DatasetError('E_FORMAT', path, size, `${bytes.length.toLocaleString('en')} bytes`)
  }
  for (let record = 0; record * RECORD_BYTES < bytes.length; record++) {
    const label = bytes[record * RECORD_BYTES] as number
    if (label >= CLASS_COUNT) {
      const place = `${path}, record ${record + 1}`
      throw new DatasetError('E_FORMAT', place, `a label from 0 to ${CLASS_COUNT - 1}`, String(label))
    }
  }
}

/**
 * Joins the records of the named files. `at` is the archive or folder, for errors, which count records from 1.
 * Throws DatasetError `E_FORMAT` for a size that is no whole number of records, or a label above 9.
 */
export function parseRecords(files: CifarFiles, names: readonly string[], at: string): Records {
  const batches = names.map((name) => {
    const bytes = files.get(name) ?? new Uint8Array(0)
    checkRecords(join(at, name), bytes)
    return bytes
  })
  // One entry per record: its file and where it begins there.
  const starts = batches.flatMap((bytes) =>
    Array.from({ length: bytes.length / RECORD_BYTES }, (_, record) => ({ bytes, start: record * RECORD_BYTES })),
  )
  return {
    labels: Uint8Array.from(starts, ({ bytes, start }) => bytes[start] as number),
    copyImage(index, target, offset) {
      const { bytes, start } = starts[index] as { bytes: Uint8Array; start: number }
      for (let pixel = 0, from = start + 1, to = offset; pixel < PLANE; pixel++, from++, to += 3) {
        target[to] = bytes[from] as number
        target[to + 1] = bytes[from + PLANE] as number
        target[to + 2] = bytes[from + 2 * PLANE] as number
      }
    },
  }
}

/** The ten names in `batches.meta.txt`, one per line; the official ones when there is no such file. Throws `E_FORMAT`. */
export function parseClassNames(files: CifarFiles, at: string): string[] {
  const bytes = files.get(CIFAR_NAMES_FILE)
  if (!bytes) return [...CIFAR10_CLASS_NAMES]
  const names = Buffer.from(bytes).toString('utf8').split('\n')
  const filled = names.map((name) => name.trim()).filter((name) => name !== '')
  const place = join(at, CIFAR_NAMES_FILE)
  if (filled.length !== CLASS_COUNT || new Set(filled).size !== CLASS_COUNT) {
    throw new DatasetError('E_FORMAT', place, `${CLASS_COUNT} different names`, `${new Set(filled).size}`)
  }
  const long = filled.find((name) => name.length > MAX_CLASS_NAME_LENGTH)
  if (long)
    throw new DatasetError('E_FORMAT', place, `names of at most ${MAX_CLASS_NAME_LENGTH} characters`, `${long.length}`)
  return filled
}
