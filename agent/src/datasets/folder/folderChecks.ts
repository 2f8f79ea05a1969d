import { MAX_NAME_LENGTH } from '@pawprint/protocol'
import { DatasetError } from '../errors.ts'
import { MAX_CLASSES } from '../images.ts'
import type { BrokenImage } from '../types.ts'
import type { FolderFile } from './folderFiles.ts'

/** Throws DatasetError `E_FORMAT` for too many classes or a name that is too long. */
export function checkClassNames(classNames: readonly string[], place: string): void {
  if (classNames.length > MAX_CLASSES)
    throw new DatasetError('E_FORMAT', place, `at most ${MAX_CLASSES} classes`, String(classNames.length))
  const long = classNames.find((name) => name.length > MAX_NAME_LENGTH)
  if (long !== undefined)
    throw new DatasetError('E_FORMAT', place, `class names of at most ${MAX_NAME_LENGTH} characters`, `"${long}"`)
}

/** Throws DatasetError `E_FORMAT` for a class of which nothing but broken pictures is there. */
export function checkLeft(
  left: readonly Pick<FolderFile, 'className'>[],
  classNames: readonly string[],
  files: readonly FolderFile[],
  broken: readonly BrokenImage[],
): void {
  const has = new Set(left.map(({ className }) => className))
  const lost = classNames.find((name) => !has.has(name))
  if (lost === undefined) return
  const names = new Set(files.filter(({ className }) => className === lost).map(({ name }) => name))
  const example = broken.find(({ name }) => names.has(name))
  const got = `only broken ones, as ${example?.name}: ${example?.reason}`
  throw new DatasetError('E_FORMAT', `class "${lost}"`, 'a picture that can be decoded', got)
}
