import { show } from '@pawprint/protocol'
import { StorageError } from './storage.ts'

// No dots: so no "..", no hidden file, and no name that ends like one of our own suffixes.
const NAME = /^[A-Za-z0-9_-]{1,128}(?:\/[A-Za-z0-9_-]{1,128}){0,7}$/
const PREFIX = /^(?:[A-Za-z0-9_-]{1,128}\/){0,7}[A-Za-z0-9_-]{0,128}$/

/** Folders of the data folder that hold no documents and no logs. */
export const BLOBS_FOLDER = 'blobs-v1'
export const UPLOADS_FOLDER = 'uploads'
export const LOCK_FOLDER = 'lock'
/** Files that hold records of many logs; journal.ts. */
export const JOURNALS = ['journal-a', 'journal-b'] as const
/** Derived from the documents; docindex.ts. */
export const INDEX_FOLDER = 'index'
const RESERVED: ReadonlySet<string> = new Set([BLOBS_FOLDER, UPLOADS_FOLDER, LOCK_FOLDER, INDEX_FOLDER, ...JOURNALS])

const SEGMENT = /^[A-Za-z0-9_-]{1,128}$/
/** Whether this can be one segment of a name. */
export const isSegment = (text: string): boolean => SEGMENT.test(text)

/** Whether this name at the top of the data folder is not one of documents and logs, nor of a folder with such. */
export const isReserved = (folder: string): boolean => RESERVED.has(folder)

/** Throws StorageError E_ARGUMENT unless `name` can name a document or a log: up to 8 safe segments. */
export function assertName(name: string): void {
  if (!NAME.test(name) || isReserved(name.split('/')[0] ?? ''))
    throw new StorageError('E_ARGUMENT', show(name), 'segments of letters, digits, "-" or "_"', show(name))
}

/** Throws StorageError E_ARGUMENT unless `prefix` can begin a name. */
export function assertPrefix(prefix: string): void {
  if (!PREFIX.test(prefix)) throw new StorageError('E_ARGUMENT', show(prefix), 'the beginning of a name', show(prefix))
}

/** Throws StorageError E_ARGUMENT unless `value` can be a document. */
export function assertDocument(name: string, value: unknown): asserts value is object {
  // `null` means "none" to a reader, so it must never be written.
  if (typeof value !== 'object' || value === null)
    throw new StorageError('E_ARGUMENT', name, 'an object or a list', show(value))
}

/** The record as JSON. Throws StorageError E_ARGUMENT for what JSON does not know. */
export function recordText(name: string, record: unknown): string {
  const text: string | undefined = JSON.stringify(record)
  if (text === undefined) throw new StorageError('E_ARGUMENT', name, 'a JSON value', show(record))
  return text
}
