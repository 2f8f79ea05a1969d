import { parse, Sha1, show } from '@pawprint/protocol'
import { type Place, placeOf } from '../check/places.ts'
import { StorageError } from '../storage/storage.ts'

/** First entry of an archive: what it is. */
export const HEAD_PATH = 'archive.json'
/** Last entry: every file before it with its digest. An archive without it was cut off. */
export const MANIFEST_PATH = 'manifest.json'
export const ARCHIVE_VERSION = 1
/** Layout of the data folder that the paths are of. */
export const LAYOUT = '1'

export interface ManifestFile {
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
}

export interface Manifest {
  readonly files: readonly ManifestFile[]
  /** Weights that a record names and that were damaged or lost when the archive was made. */
  readonly missing: readonly Sha1[]
}

const refused = (at: string, expected: string, got: unknown): StorageError =>
  new StorageError('E_CORRUPT', at, expected, typeof got === 'string' ? got : show(got))

function jsonFrom(at: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
    throw refused(at, 'a JSON document', error.message)
  }
}

/** Throws StorageError E_CORRUPT unless `bytes` begin an archive of this version. */
export function assertHead(bytes: Uint8Array): void {
  const { archive, version, layout } = jsonFrom(HEAD_PATH, bytes)
  if (archive !== 'pawprint') throw refused(`${HEAD_PATH} archive`, 'pawprint', archive)
  if (version !== ARCHIVE_VERSION || layout !== LAYOUT)
    throw refused(
      `${HEAD_PATH} version`,
      `archive ${ARCHIVE_VERSION} of layout ${LAYOUT} (another version of Pawprint wrote this one)`,
      `archive ${show(version)} of layout ${show(layout)}`,
    )
}

/** Throws StorageError E_CORRUPT. */
export function manifestFrom(bytes: Uint8Array): Manifest {
  const { files, missing } = jsonFrom(MANIFEST_PATH, bytes)
  if (!Array.isArray(files) || !Array.isArray(missing))
    throw refused(MANIFEST_PATH, 'lists of files and missing', files)
  return {
    files: files.map((file: unknown, i) => {
      const { path, sizeBytes, sha256 } = Object(file)
      if (typeof path === 'string' && typeof sizeBytes === 'number' && typeof sha256 === 'string')
        return { path, sizeBytes, sha256 }
      throw refused(`${MANIFEST_PATH} files[${i}]`, 'path, sizeBytes and sha256', file)
    }),
    missing: missing.map((sha1: unknown) => parse(Sha1, sha1)),
  }
}

const ARCHIVED: ReadonlySet<Place['type']> = new Set([
  'layout',
  'registry',
  'job',
  'log',
  'metrics',
  'model',
  'details',
  'deployments',
  'blob',
])

/** What a file of an archive is for. Throws StorageError E_CORRUPT for a path that no archive has, whatever tricks it plays. */
export function archivedPlace(path: string): Place {
  const place = placeOf(path)
  if (!ARCHIVED.has(place.type)) throw refused(`entry ${show(path)}`, 'a file that a store keeps', 'another one')
  return place
}

/** Throws StorageError E_CORRUPT unless exactly the files of the manifest came, with their bytes. */
export function assertFiles(manifest: Manifest, came: ReadonlyMap<string, ManifestFile>): void {
  for (const { path, sizeBytes, sha256 } of manifest.files) {
    const file = came.get(path)
    const expected = `${sizeBytes} bytes with sha256 ${sha256}`
    if (!file) throw refused(path, expected, 'no such entry')
    if (file.sizeBytes !== sizeBytes || file.sha256 !== sha256)
      throw refused(path, expected, `${file.sizeBytes} bytes with sha256 ${file.sha256}`)
  }
  if (came.size === manifest.files.length) return
  const known = new Set(manifest.files.map(({ path }) => path))
  const extra = [...came.keys()].find((path) => !known.has(path)) ?? 'a file twice'
  throw refused(extra, `one of the ${known.size} files of the manifest`, 'another one')
}
