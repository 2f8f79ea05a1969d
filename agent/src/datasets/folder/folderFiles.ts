import { realpath } from 'node:fs/promises'
import { basename, extname, join, relative } from 'node:path'
import { kindOf, listFolder } from '../archives/locate.ts'
import { DatasetError } from '../errors.ts'

/** One picture's file in the folder of its class. */
export interface FolderFile {
  readonly path: string
  /** For people: folder, class, and where in there. */
  readonly name: string
  readonly className: string
}

/** Folders below a class's own that are looked into. */
export const MAX_DEPTH = 8
/** More files than this are no data set but somebody's disk. */
const MAX_FILES = 1_000_000

// Also kinds that cannot be decoded: a person should hear that they are left out. Anything else is no picture.
const PICTURE_ENDINGS = new Set(
  'jpg jpeg jpe jfif png webp gif bmp tif tiff heic heif avif svg jp2 jxl'.split(' ').map((ending) => `.${ending}`),
)

const SIDE_NAMES = new Set(['train', 'training', 'val', 'valid', 'validation', 'test', 'testing', 'eval'])

const isIgnored = (name: string): boolean => name.startsWith('.') || name === '__MACOSX'

/** As it is compared and shown: Macs spell letters with marks in two characters, others in one. */
const classNameOf = (folder: string): string => folder.normalize('NFC').trim()

interface Entry {
  readonly name: string
  readonly path: string
  readonly kind: 'folder' | 'file'
}

/** What is in a folder, sorted, links followed, hidden entries left out. */
async function entriesOf(folder: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const entry of await listFolder(folder)) {
    if (isIgnored(entry.name)) continue
    const path = join(folder, entry.name)
    const plain = entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : null
    const kind = plain ?? (entry.isSymbolicLink() ? await kindOf(path) : null)
    if (kind) entries.push({ name: entry.name, path, kind })
  }
  return entries
}

/** Pictures of one class, folder by folder. `visited` holds real paths, so that links in a circle end. */
async function picturesIn(folder: string, depth: number, visited: Set<string>): Promise<string[]> {
  const real = await realpath(folder)
  if (visited.has(real)) return []
  visited.add(real)
  const paths: string[] = []
  for (const { name, path, kind } of await entriesOf(folder)) {
    if (kind === 'file' && PICTURE_ENDINGS.has(extname(name).toLowerCase())) paths.push(path)
    else if (kind === 'folder' && depth < MAX_DEPTH)
      for (const below of await picturesIn(path, depth + 1, visited)) paths.push(below)
    if (paths.length > MAX_FILES) throw new DatasetError('E_FORMAT', folder, `at most ${MAX_FILES} files`, 'more')
  }
  return paths
}

function checkClasses(folder: string, names: readonly string[]): void {
  if (names.length === 0) throw new DatasetError('E_FORMAT', folder, 'a folder for each class', 'none')
  if (names.every((name) => SIDE_NAMES.has(name.toLowerCase()))) {
    const list = names.map((name) => join(folder, name)).join(', ')
    const expected = `a folder for each class (a folder in parts is given as a list: ${list})`
    throw new DatasetError('E_FORMAT', folder, expected, names.join(', '))
  }
}

/** The class folders in one folder, by class name; two spellings of one name may join. */
async function classesIn(folder: string): Promise<[className: string, path: string][]> {
  const kind = await kindOf(folder)
  if (kind !== 'folder') throw new DatasetError('E_OPTION', folder, 'a folder', kind ? 'a file' : 'nothing there')
  const folders = (await entriesOf(folder)).filter((entry) => entry.kind === 'folder')
  checkClasses(
    folder,
    folders.map(({ name }) => name),
  )
  return folders.map(({ name, path }) => [classNameOf(name), path])
}

/**
 * Lists pictures by class: each folder in one of `folders` is a class, folders of the same name in several join, and pictures in
 * folders below count for the class. Hidden files and folders, and files whose names end like no picture, are left out.
 * `keep` picks classes. Throws DatasetError `E_OPTION` for a folder that is not there, `E_FORMAT` for one that holds no classes.
 */
export async function listFolderFiles(
  folders: readonly string[],
  keep: readonly string[] | undefined,
): Promise<{ classNames: readonly string[]; files: readonly FolderFile[] }> {
  const found: [className: string, path: string, folder: string][] = []
  for (const folder of folders)
    for (const [className, path] of await classesIn(folder)) found.push([className, path, folder])
  const there = [...new Set(found.map(([className]) => className))].sort()
  const classNames = keep ?? there
  const place = folders.join(', ')
  const missing = classNames.find((className) => !there.includes(className))
  if (missing !== undefined)
    throw new DatasetError('E_OPTION', place, `a folder "${missing}"`, there.join(', ').slice(0, 200))
  if (classNames.length < 2)
    throw new DatasetError('E_FORMAT', place, 'folders of at least two classes', `only "${there[0]}"`)
  const files: FolderFile[] = []
  for (const [className, path, folder] of found) {
    if (!classNames.includes(className)) continue
    for (const picture of await picturesIn(path, 0, new Set()))
      files.push({ path: picture, name: join(basename(folder), relative(folder, picture)), className })
  }
  const empty = classNames.find((className) => !files.some((file) => file.className === className))
  if (empty !== undefined)
    throw new DatasetError('E_FORMAT', place, `pictures in the folder "${empty}"`, 'none (JPEG, PNG, WebP or GIF)')
  return { classNames, files }
}
