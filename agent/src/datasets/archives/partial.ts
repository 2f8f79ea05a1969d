import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'

/**
 * The beginning of a download, in a file `NAME.OWNER.VALIDATOR.part`. The owner is one download of one process, or `free`; whoever
 * wants to go on with a file first renames it to its own name, which only one can do. The validator (an ETag or a date) is
 * in the name, so that the two can never part.
 */
export interface PartialFile {
  readonly path: string
  /** Strong ETag or Last-Modified of the file on the server, for `If-Range`; empty when the server gave none. */
  readonly validator: string
  readonly sizeBytes: number
}

/** After this long without a byte an owner on another machine is taken to be gone; well above the usual silence in a download. */
export const ABANDONED_AFTER_MS = 2 * 60_000

const FREE = 'free'
const MAX_VALIDATOR_LENGTH = 100

/** This machine in an owner's name: several may share one cache folder. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

/** A name for one download: machine, process, chance. No two are equal. */
export const newOwner = (): string => `${HOST}-${process.pid}-${randomBytes(6).toString('hex')}`

/** True when the owner was a process of this machine that has ended. Signal 0 asks without sending anything. */
function hasEnded(owner: string): boolean {
  const [host, pid] = owner.split('-')
  if (host !== HOST || !/^[1-9]\d*$/.test(pid ?? '')) return false
  try {
    return !process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

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
async function leftovers(folder: string, name: string, nowMs: number): Promise<PartialFile[]> {
  const found: PartialFile[] = []
  for (const file of await readdir(folder)) {
    if (!file.startsWith(`${name}.`) || !file.endsWith('.part')) continue
    const [owner = '', validator = ''] = file.slice(name.length + 1, -'.part'.length).split('.')
    const path = join(folder, file)
    const facts = await stat(path).catch(missingIsNull)
    const isAbandoned = owner === FREE || hasEnded(owner) || (facts && nowMs - facts.mtimeMs > ABANDONED_AFTER_MS)
    if (!facts || !isAbandoned) continue
    found.push({
      path,
      validator: Buffer.from(validator, 'base64url').toString('utf8'),
      sizeBytes: facts.size,
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
): Promise<PartialFile | null> {
  for (const { path, validator } of await leftovers(folder, name, nowMs)) {
    if (validator === '') continue
    const mine = partialPath(folder, name, owner, validator)
    const isMine = await rename(path, mine).then(() => true, missingIsNull)
    if (isMine) return { path: mine, validator, sizeBytes: (await stat(mine)).size }
  }
  return null
}

/** Leaves a partial file for whoever comes next; one that cannot be gone on with is removed. */
export async function releasePartial(folder: string, name: string, partial: PartialFile): Promise<void> {
  if (partial.validator === '' || partial.sizeBytes === 0) return rm(partial.path, { force: true })
  await rename(partial.path, partialPath(folder, name, FREE, partial.validator)).catch(missingIsNull)
}

/** Removes what is left of earlier downloads that nobody is at work on. */
export async function clearLeftovers(folder: string, name: string, nowMs: number): Promise<void> {
  for (const { path } of await leftovers(folder, name, nowMs)) await rm(path, { force: true })
}
