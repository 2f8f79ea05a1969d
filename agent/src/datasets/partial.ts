import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'

/**
 * The beginning of a download, in a file `NAME.OWNER.VALIDATOR.part`. The owner is one download of one process, or `free`; whoever
 * wants to go on with a file first renames it to its own name, which only one can do. The validator (an ETag or a date) is
 * in the name, so that the two can never part.
 */
export interface Partial {
  readonly path: string
  /** Strong ETag or Last-Modified of the file on the server, for `If-Range`; empty when the server gave none. */
  readonly validator: string
  readonly sizeBytes: number
}

/** After this long without a byte an owner is taken to be gone; well above the longest silence that a download waits for. */
export const ABANDONED_AFTER_MS = 15 * 60_000

const FREE = 'free'
const MAX_VALIDATOR_LENGTH = 100

/** A name for one download: no two are equal, in whatever process. */
export const newOwner = (): string => `${process.pid}-${randomBytes(6).toString('hex')}`

/** What `If-Range` may hold: a strong ETag, else the date (RFC 9110, 13.1.5). Empty when there is neither. */
export function validatorOf(headers: IncomingHttpHeaders): string {
  const { etag, 'last-modified': date } = headers
  const validator = etag && !etag.startsWith('W/') ? etag : (date ?? '')
  return validator.length <= MAX_VALIDATOR_LENGTH ? validator : ''
}

export function partialPath(folder: string, name: string, owner: string, validator: string): string {
  return join(folder, `${name}.${owner}.${Buffer.from(validator, 'utf8').toString('base64url')}.part`)
}

const missingIsNull = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null
  throw error
}

/** Partial files of a download that nobody is at work on. */
async function leftovers(folder: string, name: string, nowMs: number): Promise<(Partial & { mine: string })[]> {
  const found: (Partial & { mine: string })[] = []
  for (const file of await readdir(folder)) {
    if (!file.startsWith(`${name}.`) || !file.endsWith('.part')) continue
    const [owner = '', validator = ''] = file.slice(name.length + 1, -'.part'.length).split('.')
    const path = join(folder, file)
    const facts = await stat(path).catch(missingIsNull)
    if (!facts || (owner !== FREE && nowMs - facts.mtimeMs < ABANDONED_AFTER_MS)) continue
    found.push({
      path,
      validator: Buffer.from(validator, 'base64url').toString('utf8'),
      sizeBytes: facts.size,
      mine: '',
    })
  }
  return found.sort((a, b) => b.sizeBytes - a.sizeBytes)
}

/** Takes over the longest partial file that nobody is at work on; null when there is none. */
export async function claimPartial(
  folder: string,
  name: string,
  owner: string,
  nowMs: number,
): Promise<Partial | null> {
  for (const { path, validator } of await leftovers(folder, name, nowMs)) {
    if (validator === '') continue
    const mine = partialPath(folder, name, owner, validator)
    const isMine = await rename(path, mine).then(() => true, missingIsNull)
    if (isMine) return { path: mine, validator, sizeBytes: (await stat(mine)).size }
  }
  return null
}

/** Leaves a partial file for whoever comes next; one that cannot be gone on with is removed. */
export async function releasePartial(folder: string, name: string, partial: Partial): Promise<void> {
  if (partial.validator === '' || partial.sizeBytes === 0) return rm(partial.path, { force: true })
  await rename(partial.path, partialPath(folder, name, FREE, partial.validator)).catch(missingIsNull)
}

/** Removes what is left of earlier downloads that nobody is at work on. */
export async function clearLeftovers(folder: string, name: string, nowMs: number): Promise<void> {
  for (const { path } of await leftovers(folder, name, nowMs)) await rm(path, { force: true })
}
