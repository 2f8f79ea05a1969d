import { join } from 'node:path'
import { cacheFolder, type Surroundings } from '../archives/locate.ts'
import { decodeCached, decoderName } from '../pixels/decodeCached.ts'
import type { CacheSettings } from '../pixels/pixelCache.ts'
import type { BrokenImage, Dataset } from '../types.ts'
import { contentsOf, type FolderContents } from './contents.ts'
import { loadContents, saveContents } from './contentsRecord.ts'
import type { HashMemo } from './fileStamps.ts'
import { checkClassNames, checkLeft } from './folderChecks.ts'
import { listFolderFiles } from './folderFiles.ts'
import type { ImageFolderSettings } from './folderOptions.ts'
import { hashFiles } from './hashFiles.ts'
import { readPicture } from './readPicture.ts'
import type { FolderSource } from './source.ts'
import { watchFolders } from './watchFolders.ts'

/** Most that is kept in the user's cache folder, of all sets together. */
const MAX_CACHE_BYTES = 4 * 2 ** 30

export async function pixelCacheOf(settings: ImageFolderSettings, around: Surroundings): Promise<CacheSettings | null> {
  if (!settings.cache) return null
  const root = join(cacheFolder(around), 'decoded-v1')
  return { root, decoder: await decoderName(), imageSize: settings.imageSize, maxBytes: MAX_CACHE_BYTES }
}

/** Pictures that are decoded at one time only to see whether they can be. */
const PIECE = 256

export interface SourceSettings {
  readonly settings: ImageFolderSettings
  readonly around: Surroundings
  readonly memo: HashMemo
  readonly contents: FolderContents
  readonly reload: () => Promise<Dataset>
}

export function createFolderSource({ settings, around, memo, contents, reload }: SourceSettings): FolderSource {
  const { folders } = settings
  const root = join(cacheFolder(around), 'contents-v1')
  const judge = createJudge(settings, around, contents)
  let remembered: Promise<void> | undefined
  const forget = (error: unknown): never => {
    remembered = undefined
    throw error
  }
  const list = () => listFolderFiles(folders, settings.classes)
  const read = async () => {
    const { classNames, files } = await list()
    checkClassNames(classNames, folders.join(', '))
    const { hashed, broken: unreadable } = await hashFiles(files, memo)
    const { left, broken } = await judge(hashed)
    checkLeft(left, classNames, files, [...unreadable, ...broken])
    return { contents: contentsOf(classNames, left), leftOut: files.length - left.length }
  }
  return {
    folders,
    contents,
    reload,
    watch: (listener, tell, times) =>
      watchFolders({ folders, list: async () => (await list()).files, read }, listener, tell, times),
    remember: () => (remembered ??= saveContents(root, contents).catch(forget)),
    recall: (id) => loadContents(root, id, Date.now()),
  }
}

interface Hashed {
  readonly path: string
  readonly name: string
  readonly className: string
  readonly sha256: string
}

/**
 * Tells which pictures can be decoded. Each content is decoded once, and kept for the next time that the set is read. What was decoded is
 * put down again at once, so that a watched folder is not in memory twice.
 */
function createJudge(settings: ImageFolderSettings, around: Surroundings, { images }: FolderContents) {
  const good = new Set(images.map(({ sha256 }) => sha256))
  const bad = new Map<string, string>()
  const decode = async (pictures: readonly Hashed[]): Promise<void> => {
    const sources = pictures.map(({ path, name }) => ({ name, read: () => readPicture(path) }))
    const options = { imageSize: settings.imageSize, signal: undefined }
    const { keys, broken } = await decodeCached(sources, options, await pixelCacheOf(settings, around), Date.now())
    for (const key of keys) good.add(key)
    const reasons = new Map(broken.map(({ name, reason }) => [name, reason]))
    // A file that was changed meanwhile is neither: it will be looked at again.
    for (const { name, sha256 } of pictures) {
      const reason = reasons.get(name)
      if (!good.has(sha256) && reason !== undefined) bad.set(sha256, reason)
    }
  }
  return async (hashed: readonly Hashed[]): Promise<{ left: readonly Hashed[]; broken: readonly BrokenImage[] }> => {
    const fresh = hashed.filter(({ sha256 }) => !good.has(sha256) && !bad.has(sha256))
    for (let start = 0; start < fresh.length; start += PIECE) await decode(fresh.slice(start, start + PIECE))
    return {
      left: hashed.filter(({ sha256 }) => good.has(sha256)),
      broken: hashed.flatMap(({ name, sha256 }) => (bad.has(sha256) ? [{ name, reason: bad.get(sha256) ?? '' }] : [])),
    }
  }
}
