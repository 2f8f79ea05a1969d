import { type Part, type Place, requireFiles } from '../archives/parts.ts'

export const CIFAR_TRAIN_FILES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`)
export const CIFAR_TEST_FILE = 'test_batch.bin'
export const CIFAR_NAMES_FILE = 'batches.meta.txt'

/** CIFAR-10 is one archive. The file with the class names may be missing. */
export const CIFAR_PART: Part = {
  archive: 'cifar-10-binary.tar.gz',
  folder: 'cifar-10-batches-bin',
  files: [...CIFAR_TRAIN_FILES, CIFAR_TEST_FILE],
}

/** Largest file read; the official ones have 30,730,000 bytes. */
export const MAX_CIFAR_FILE_BYTES = 64 * 2 ** 20

/** The bytes of CIFAR-10's files by name, without folders. */
export type CifarFiles = ReadonlyMap<string, Uint8Array>

/**
 * Reads CIFAR-10's files into memory. Throws DatasetError `E_FORMAT` when a file is missing, too large, or the archive is
 * broken.
 */
export const readCifarFiles = (place: Place, signal?: AbortSignal): Promise<CifarFiles> => {
  const names = new Set([...CIFAR_PART.files, CIFAR_NAMES_FILE])
  return requireFiles(place, { part: CIFAR_PART, names, maxBytes: MAX_CIFAR_FILE_BYTES }, signal)
}
