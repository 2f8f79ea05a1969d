import { dirname, join } from 'node:path'
import { DatasetError } from '../errors.ts'
import { progressPrinter } from '../progress.ts'
import type { Dataset, FetchOptions } from '../types.ts'
import { download } from './download.ts'
import { cacheFolder, kindOf, localFolders, locate, namedFolder, type Surroundings } from './locate.ts'
import type { Part, Place } from './parts.ts'

/** An archive on a server. */
export interface Remote {
  readonly url: string
  /** 32 hex digits, lower case. */
  readonly md5: string
  /** Largest file accepted, in bytes. */
  readonly maxBytes: number
}

/** A public data set: what it consists of and where it is kept. */
export interface PublicSet {
  /** As people write it, "CIFAR-10". */
  readonly title: string
  readonly parts: readonly (Part & Remote)[]
  /** Its folder below those for data sets, where archives have names that others use, too; else empty. */
  readonly folder: string
  /** Where people find it, for the notice. */
  readonly home: string
}

/** Options of a download that have defaults, and those that need none. */
export type FetchSettings = Required<Pick<FetchOptions, 'connectTimeoutMs' | 'idleTimeoutMs'>> &
  Pick<FetchOptions, 'directory' | 'onProgress' | 'log' | 'signal'>

/** Where a set lies on this machine. */
export interface Found {
  /** One place a part, in the order of the parts. */
  readonly places: readonly Place[]
  /** The one place, or the folder that holds them all. */
  readonly path: string
  /** For the log: the path, and where it was downloaded from if it has been just now. */
  readonly source: string
}

/** What a dataset is made by. */
export interface Makers {
  readonly read: (found: Found) => Promise<Dataset>
  /** The built-in set that is used where this one is not to be had. */
  readonly standIn: () => Promise<Dataset>
}

const RETRY_DELAY_MS = 1_000

/** Codes after which a built-in set stands in: reasons that lie outside this machine's data. */
const DOWNLOAD_FAILED: ReadonlySet<string> = new Set(['E_NETWORK', 'E_ANSWER', 'E_CHECKSUM', 'E_STORAGE'])

const pathOf = (places: readonly Place[]): string => {
  const [first] = places as readonly [Place]
  return places.length === 1 ? first.path : dirname(first.path)
}

/** Downloads what of the set is not in the cache yet. Throws as download does. */
async function fetchParts(set: PublicSet, settings: FetchSettings, around: Surroundings): Promise<Found> {
  const folder = join(cacheFolder(around), set.folder)
  const places: Place[] = []
  for (const { archive, url, md5, maxBytes } of set.parts) {
    const { connectTimeoutMs, idleTimeoutMs, signal } = settings
    const label = `Downloading ${set.title}${set.parts.length > 1 ? `, ${archive}` : ''}`
    const onProgress = settings.onProgress ?? progressPrinter(label, process.stderr)
    const kept = join(folder, archive)
    if ((await kindOf(kept)) === 'file') {
      places.push({ type: 'archive', path: kept })
      continue
    }
    const where = { url, md5, folder, name: archive, maxBytes, connectTimeoutMs, idleTimeoutMs }
    const path = await download({ ...where, retryDelayMs: RETRY_DELAY_MS, onProgress, signal, nowMs: Date.now() })
    places.push({ type: 'archive', path })
  }
  const path = pathOf(places)
  return { places, path, source: `${path}, downloaded from ${set.parts.map(({ url }) => url).join(' and ')}` }
}

/** The plain line for a person who asked for a set that is not to be had. */
async function noticeOf(
  reason: DatasetError,
  set: PublicSet,
  named: ReturnType<typeof namedFolder>,
  around: Surroundings,
  standIn: string,
): Promise<string> {
  const isMissing = named !== null && (await kindOf(named.path)) === null
  const reasons = isMissing ? `${reason.got}; ${named.by} names ${named.path}, which is not there` : reason.got
  const archives = set.parts.map(({ archive }) => archive).join(' and ')
  const local = join(localFolders(around)[0], set.folder)
  return (
    `${set.title} was not found and could not be downloaded (${reasons}). Using the built-in set "${standIn}". ` +
    `To use ${set.title}, put ${archives} from ${set.home} into ./${join('datasets', set.folder)} (${local}).`
  )
}

/**
 * A public set: from a folder on this machine, else downloaded, else another in its place, which the notice then says. What there
 * is to know goes to `log` as well. Throws DatasetError `E_FORMAT` for files that are not what their names say, and the signal's
 * reason.
 */
export async function obtain(
  set: PublicSet,
  settings: FetchSettings,
  around: Surroundings,
  makers: Makers,
): Promise<Dataset> {
  settings.signal?.throwIfAborted()
  const dataset = await findFetchOrDraw(set, settings, around, makers)
  const { log = console.log } = settings
  if (dataset.notice) log(dataset.notice)
  return dataset
}

async function findFetchOrDraw(
  set: PublicSet,
  settings: FetchSettings,
  around: Surroundings,
  { read, standIn }: Makers,
): Promise<Dataset> {
  const named = namedFolder(settings.directory, around)
  const roots = [...(named ? [named.path] : []), ...localFolders(around), cacheFolder(around)]
  const places = await locate(set.parts, roots)
  if (places) {
    const path = pathOf(places)
    return read({ places, path, source: path })
  }
  try {
    return await read(await fetchParts(set, settings, around))
  } catch (error) {
    if (!(error instanceof DatasetError && DOWNLOAD_FAILED.has(error.code))) throw error
    const drawn = await standIn()
    return { ...drawn, notice: await noticeOf(error, set, named, around, drawn.task.name) }
  }
}
