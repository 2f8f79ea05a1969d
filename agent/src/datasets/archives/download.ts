import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { DatasetError } from '../errors.ts'
import { claimPartial, clearLeftovers, newOwner, type PartialFile, releasePartial } from './partial.ts'
import { type Download, type DownloadOptions, transfer } from './transfer.ts'

/** Connections in a row that may bring nothing new. */
const MAX_FRUITLESS_TRIES = 3

const CANNOT_SAVE = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'ENOTDIR',
  'EEXIST',
  'EISDIR',
  'ENAMETOOLONG',
])

async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5')
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array)
  return hash.digest('hex')
}

/** Connects as often as it takes, as long as each connection brings something. Answers the whole file, not yet checked. */
async function fetchWhole(download: Download): Promise<PartialFile> {
  const { url, retryDelayMs, signal } = download.options
  const start = download.partial?.sizeBytes ?? 0
  let furthest = start
  for (let fruitless = 0; ; ) {
    try {
      const isWhole = await transfer(download)
      if (isWhole && download.partial) return download.partial
    } catch (error) {
      // Without a network from the very start there is nothing to wait for.
      if (!(error instanceof DatasetError && error.code === 'E_NETWORK') || furthest === start) throw error
    }
    const reached = download.partial?.sizeBytes ?? 0
    fruitless = reached > furthest ? 0 : fruitless + 1
    furthest = Math.max(furthest, reached)
    if (fruitless >= MAX_FRUITLESS_TRIES) {
      const got = `no network: the connection broke after ${reached} bytes; the next try goes on from there`
      throw new DatasetError('E_NETWORK', url, 'the whole archive', got)
    }
    if (fruitless > 0) await setTimeout(retryDelayMs * fruitless, undefined, signal && { signal })
  }
}

/** Fetches and checks. A file put together over several connections that fails its checksum is fetched once more in one go. */
async function fetchChecked(download: Download): Promise<PartialFile> {
  const { url, md5 } = download.options
  for (;;) {
    const whole = await fetchWhole(download)
    if (md5 === null) return whole
    const got = await md5Of(whole.path)
    if (got === md5) return whole
    await rm(whole.path, { force: true })
    download.partial = null
    if (!download.isPieced) throw new DatasetError('E_CHECKSUM', url, `a file with MD5 ${md5}`, `one with MD5 ${got}`)
    download.isPieced = false
  }
}

/**
 * Downloads a file into a folder and answers its path. The file appears there only whole and with the right MD5, by one
 * rename, so any number of processes may do this at once. What a broken download leaves is gone on with the next time.
 * Throws DatasetError `E_NETWORK`, `E_ANSWER`, `E_CHECKSUM`, `E_STORAGE`; and the signal's reason.
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { folder, name, nowMs } = options
  const target = join(folder, name)
  const owner = newOwner()
  const job: Download = { options, owner, partial: null, isPieced: false }
  try {
    await mkdir(folder, { recursive: true })
    job.partial = await claimPartial(folder, name, owner, nowMs)
    job.isPieced = job.partial !== null
    const whole = await fetchChecked(job)
    await rename(whole.path, target)
    job.partial = null
    await clearLeftovers(folder, name, nowMs)
    return target
  } catch (error) {
    if (job.partial) await releasePartial(folder, name, job.partial)
    options.signal?.throwIfAborted()
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (error instanceof DatasetError || !CANNOT_SAVE.has(code)) throw error
    throw new DatasetError('E_STORAGE', folder, 'a folder to save it in', `no place to save it: ${code}`, {
      cause: error,
    })
  }
}
