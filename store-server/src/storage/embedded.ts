import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { show } from '@pawprint/protocol'
import { blobsThere } from './blobfile.ts'
import { createBlobFiles } from './blobs.ts'
import { createDisk, type Disk } from './disk.ts'
import { createDocuments } from './documents.ts'
import { errnoOf } from './errno.ts'
import { lockFolder } from './lock.ts'
import { openLogs } from './logs.ts'
import { LOCK_FOLDER } from './names.ts'
import { limitsOf } from './sessions.ts'
import { type Blobs, type Documents, type Storage, StorageError, type StorageOptions } from './storage.ts'
import { openUploads } from './uploads.ts'

export interface EmbeddedOptions extends StorageOptions {
  /** Bytes that an upload leaves free on the disk, for logs and documents. Default 512 MiB. */
  readonly keepFreeBytes?: number
  /** How long another process that is about to end is waited for, in milliseconds. Default 0. */
  readonly lockWaitMs?: number
}

const KEEP_FREE_BYTES = 512 * 1024 * 1024
/** Layout of the data folder. A folder with another one is not opened. */
const LAYOUT = '1'

/**
 * Storage in one data folder, made (0700, files 0600) when it is not there. No other process may have it open. Throws StorageError
 * E_LOCKED with the other's pid; E_CORRUPT when jobs or blobs are there without a registry, or for another layout; E_WRITE
 * when the folder cannot be used.
 */
export async function openStorage(dataDir: string, options: EmbeddedOptions = {}): Promise<Storage> {
  const root = resolve(dataDir)
  try {
    const disk = createDisk(root)
    await disk.makeFolder(root)
    const lock = await lockFolder(join(root, LOCK_FOLDER), options.lockWaitMs)
    const close = async (): Promise<void> => {
      await disk.close()
      await lock.release()
    }
    try {
      return { ...(await compose(root, disk, options, close)), retire: lock.retire }
    } catch (error) {
      await close()
      throw error
    }
  } catch (error) {
    if (errnoOf(error).startsWith('E') && !(error instanceof StorageError))
      throw new StorageError('E_WRITE', root, 'a folder that this process may use', errnoOf(error), { cause: error })
    throw error
  }
}

async function compose(
  root: string,
  disk: Disk,
  options: EmbeddedOptions,
  close: () => Promise<void>,
): Promise<Omit<Storage, 'retire'>> {
  await checkLayout(root, disk)
  const documents = createDocuments(root, disk)
  await assertRegistry(root, documents)
  const files = createBlobFiles(root, disk, options.onCorrupt, options.now)
  const keepFreeBytes = options.keepFreeBytes ?? KEEP_FREE_BYTES
  const uploads = await openUploads({ root, disk, files, limits: limitsOf(options), keepFreeBytes })
  const { find, read, remove, list, collect } = files
  const { createUpload, findUpload, appendUpload, commitUpload } = uploads
  const scrub = async () => {
    await uploads.purge()
    return files.scrub()
  }
  const claim: Blobs['claim'] = (sha1) => disk.run(() => files.claim(sha1))
  const kept = { find, claim, read, remove, list, scrub, collect }
  const blobs: Blobs = { ...kept, createUpload, findUpload, appendUpload, commitUpload }
  const logs = await openLogs(root, disk)
  const finish = async (): Promise<void> => {
    // What cannot be moved to where it belongs is durable all the same, and is moved at the next start.
    await Promise.allSettled([logs.settle(), documents.settle()])
    await close()
  }
  let closing: Promise<void> | null = null
  return {
    documents,
    blobs,
    logs,
    close: () => {
      closing ??= finish()
      return closing
    },
  }
}

async function checkLayout(root: string, disk: Disk): Promise<void> {
  const path = join(root, 'layout')
  const layout = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  })
  if (layout === null) await disk.replace(path, `${LAYOUT}\n`, 'layout', path)
  else if (layout.trim() !== LAYOUT) throw new StorageError('E_CORRUPT', path, `layout ${LAYOUT}`, show(layout.trim()))
}

/** A lost registry must never look like a new store: the next write would make the loss final. */
async function assertRegistry(root: string, documents: Documents): Promise<void> {
  if ((await documents.read('registry')) !== null) return
  const jobs = await documents.list('jobs/')
  const blobs = await blobsThere(root)
  if (jobs.length > 0 || blobs.length > 0)
    throw new StorageError(
      'E_CORRUPT',
      join(root, 'registry.json'),
      `the registry of ${jobs.length} job documents and ${blobs.length} blobs`,
      'no file',
    )
}
