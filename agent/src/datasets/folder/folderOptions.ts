import { basename, resolve } from 'node:path'
import { MAX_CLASSES } from '../images.ts'
import { COMMON_DEFAULTS, common, entriesOf, fraction, listeners, refuse, text } from '../options.ts'
import type { ImageFolderOptions } from '../types.ts'

const CALLER = 'datasets.imageFolder'
const DEFAULTS = { ...COMMON_DEFAULTS, testSplit: 0.2, cache: true }
const LISTENERS = ['onProgress', 'log', 'signal', 'groupOf'] as const

/** Characters of a task's name. */
export const MAX_TASK_NAME = 64

/** Options of `datasets.imageFolder` after checks and defaults; what has no default stays away. */
export type ImageFolderSettings = Required<Pick<ImageFolderOptions, keyof typeof DEFAULTS | 'name'>> &
  Pick<ImageFolderOptions, 'classes' | (typeof LISTENERS)[number]> & { readonly folders: readonly string[] }

/** Letters a–z and digits of any text in lower case, the rest "-". Empty when nothing is left. */
export const slugOf = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

/** A task's name out of any text; empty when it has neither letter nor digit. */
export const taskNameOf = (text: string): string => slugOf(text).slice(0, MAX_TASK_NAME).replace(/-$/, '')

/** A task's name as the wire takes it, or E_OPTION. */
export const taskName = (place: string, name: unknown): string =>
  text(
    place,
    name,
    (value) => /^[a-z0-9][a-z0-9-]{0,63}$/.test(value),
    'lower-case letters, digits and "-", at most 64',
  )

function foldersOf(directory: unknown, currentFolder: string): string[] {
  const given = Array.isArray(directory) ? directory : [directory]
  const expected = 'the path of a folder, or a list of such'
  const isPath = (path: string): boolean => path !== ''
  if (given.length === 0) refuse(`${CALLER}: directory`, expected, directory)
  const folders = given.map((path: unknown) =>
    resolve(currentFolder, text(`${CALLER}: directory`, path, isPath, expected)),
  )
  const twice = folders.find((folder, index) => folders.indexOf(folder) < index)
  if (twice !== undefined) refuse(`${CALLER}: directory`, 'each folder once', twice)
  return folders
}

function classesOf(classes: unknown): string[] {
  const place = `${CALLER}: classes`
  if (!Array.isArray(classes)) return refuse(place, 'a list of names', classes)
  const names = classes.map((name: unknown) => text(place, name, (value) => value.trim() !== '', 'names'))
  const plain = names.map((name) => name.normalize('NFC').trim())
  const isFine = plain.length >= 2 && plain.length <= MAX_CLASSES && new Set(plain).size === plain.length
  return isFine ? plain : refuse(place, `2 to ${MAX_CLASSES} different names`, classes)
}

/** Options of `datasets.imageFolder`, complete. Throws DatasetError `E_OPTION` naming the option, expected, got. */
export function resolveImageFolderOptions(
  directory: unknown,
  options: unknown,
  currentFolder: string,
): ImageFolderSettings {
  const folders = foldersOf(directory, currentFolder)
  const given = entriesOf(CALLER, options, [...Object.keys(DEFAULTS), 'name', 'classes', ...LISTENERS])
  listeners(CALLER, given)
  const { testSplit, cache, name, classes, ...rest } = { ...DEFAULTS, ...given } as Record<string, unknown>
  if (typeof cache !== 'boolean') return refuse(`${CALLER}: cache`, 'true or false', cache)
  const ownName = taskNameOf(basename(folders[0] as string)) || 'images'
  return {
    ...(rest as Pick<ImageFolderOptions, (typeof LISTENERS)[number]>),
    ...common(CALLER, given),
    testSplit: fraction(`${CALLER}: testSplit`, testSplit),
    cache,
    name: taskName(`${CALLER}: name`, name ?? ownName),
    ...(classes === undefined ? {} : { classes: classesOf(classes) }),
    folders,
  }
}
