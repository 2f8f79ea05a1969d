import { open, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { DatasetError } from '../errors.ts'
import type { Progress } from '../types.ts'
import { httpGet } from './httpGet.ts'
import { type PartialFile, partialPath, validatorOf } from './partial.ts'

/** What to get, and where to put it. */
export interface DownloadOptions {
  readonly url: string
  /** 32 hex digits, lower case; null where somebody else checks the file. */
  readonly md5: string | null
  /** Made when missing. */
  readonly folder: string
  /** Name of the finished file in the folder. */
  readonly name: string
  /** Largest file accepted, in bytes. */
  readonly maxBytes: number
  /** Longest wait for the first answer; milliseconds. */
  readonly connectTimeoutMs: number
  /** Longest silence in mid-download; milliseconds. */
  readonly idleTimeoutMs: number
  /** Wait before a second try after a connection brought nothing, and twice that before a third; milliseconds. */
  readonly retryDelayMs: number
  readonly onProgress: (progress: Progress) => void
  readonly signal?: AbortSignal | undefined
  readonly nowMs: number
}

/** One download under way. `partial` always says what is on disk. */
export interface Download {
  readonly options: DownloadOptions
  readonly owner: string
  partial: PartialFile | null
  /** Whether the bytes on disk came over more than one connection. */
  isPieced: boolean
}

/** What an answer means for the bytes on disk: go on after them, they are all, begin anew, or ask anew for everything. */
function readAnswer(
  answer: IncomingMessage,
  { url }: DownloadOptions,
  offset: number,
): 'append' | 'whole' | 'begin' | 'ask' {
  const { statusCode: status, headers } = answer
  if (status === 416) return headers['content-range'] === `bytes */${offset}` && offset > 0 ? 'whole' : 'ask'
  if (status !== 200 && status !== 206)
    throw new DatasetError('E_ANSWER', url, 'the archive', `the answer ${status} of the server`)
  if (/^text\/html\b/i.test(headers['content-type'] ?? '')) {
    throw new DatasetError('E_ANSWER', url, 'the archive', 'a web page (does this network ask to sign in?)')
  }
  if (status === 200) return 'begin'
  return offset > 0 && headers['content-range']?.startsWith(`bytes ${offset}-`) ? 'append' : 'ask'
}

async function discard(download: Download): Promise<void> {
  if (download.partial) await rm(download.partial.path, { force: true })
  download.partial = null
  download.isPieced = false
}

/** Starts a new partial file for this answer. */
async function begin(download: Download, answer: IncomingMessage): Promise<PartialFile> {
  await discard(download)
  const { folder, name } = download.options
  const validator = validatorOf(answer.headers)
  const partial: PartialFile = { path: partialPath(folder, name, download.owner, validator), validator, sizeBytes: 0 }
  await (await open(partial.path, 'wx')).close()
  download.partial = partial
  return partial
}

/**
 * The body as a stream that just ends when the connection breaks. Must be called as soon as the answer is there: a broken
 * answer drops what nobody has read yet, and a line that breaks often would never get on.
 */
function bodyOf(answer: IncomingMessage): PassThrough {
  const body = new PassThrough()
  answer.pipe(body, { end: false })
  answer.once('close', () => body.end())
  return body
}

interface Answer {
  readonly answer: IncomingMessage
  readonly body: PassThrough
}

/** Appends the body to the file; true when it came to its end. A connection that breaks or falls silent just ends it. */
async function append(download: Download, partial: PartialFile, { answer, body }: Answer): Promise<boolean> {
  const { url, maxBytes, idleTimeoutMs, onProgress, signal } = download.options
  const length = Number(answer.headers['content-length'] ?? Number.NaN)
  const total = Number.isSafeInteger(length) ? partial.sizeBytes + length : null
  let { sizeBytes } = partial
  const grow = (bytes: number): void => {
    sizeBytes += bytes
    if (Math.max(sizeBytes, total ?? 0) > maxBytes) {
      throw new DatasetError('E_ANSWER', url, `at most ${maxBytes} bytes`, String(total ?? 'more'))
    }
    onProgress({ received: sizeBytes, total })
  }
  grow(0)
  const stop = (): void => void answer.destroy()
  answer.setTimeout(idleTimeoutMs, stop)
  signal?.addEventListener('abort', stop)
  const file = await open(partial.path, 'a')
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      await file.appendFile(piece)
      grow(piece.length)
    }
  } finally {
    await file.sync()
    await file.close()
    signal?.removeEventListener('abort', stop)
    answer.destroy()
    download.partial = { ...partial, sizeBytes }
  }
  return answer.complete && (total === null || sizeBytes === total)
}

/**
 * One connection's worth of a download: goes on where the partial file ends, if the server can and its file is still the
 * same (`Range` with `If-Range`), else from the start. Answers whether the file is now whole.
 * Throws DatasetError `E_NETWORK`, `E_ANSWER`; and the signal's reason.
 */
export async function transfer(download: Download): Promise<boolean> {
  const { options, partial } = download
  const { url, connectTimeoutMs, signal } = options
  const offset = partial?.sizeBytes ?? 0
  const isResumed = partial !== null && offset > 0 && partial.validator !== ''
  const headers = isResumed ? { range: `bytes=${offset}-`, 'if-range': partial.validator } : {}
  const answer = await httpGet(url, { connectTimeoutMs, headers, signal })
  const body = bodyOf(answer)
  try {
    const meaning = readAnswer(answer, options, isResumed ? offset : 0)
    if (meaning === 'whole') return true
    if (meaning === 'append' && partial) {
      download.isPieced = true
      return await append(download, partial, { answer, body })
    }
    if (meaning === 'begin') return await append(download, await begin(download, answer), { answer, body })
    await discard(download)
    return false
  } finally {
    answer.destroy()
    signal?.throwIfAborted()
  }
}
