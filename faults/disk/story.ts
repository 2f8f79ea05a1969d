import { broken, declare, noise, read, refusal, stream } from '../../store-server/src/storage/fixture.ts'
import type { Blobs, Storage } from '../../store-server/src/storage/storage.ts'

/** What one life of a storage was told to keep, and how far it said that it did. */
export interface Told {
  /** `n` of the registry document. */
  registry: number
  /** A document that is removed again: written, then removed. */
  notes: 'none' | 'written' | 'removing' | 'removed'
  /** Records of the log. */
  log: number
  upload: string | null
  committed: boolean
  /** A second blob, whose removal begins in the end. */
  second: 'none' | 'committed' | 'removing' | 'removed'
}

const SIZE = 30_000
export const BYTES = noise(SIZE)
const SECOND = noise(9_000, 2)
export const BLOB = declare(BYTES)
const BATCH = 10

export const nothingTold = (): Told => ({
  registry: 0,
  notes: 'none',
  log: 0,
  upload: null,
  committed: false,
  second: 'none',
})

/** Every kind of change, some at the same time. `ack` is called after each acknowledgement, with all that was acknowledged. */
export async function live(storage: Storage, ack: (told: Told) => void): Promise<void> {
  let told = nothingTold()
  const say = (news: Partial<Told>): void => {
    told = { ...told, ...news }
    ack(told)
  }
  await storage.documents.write('registry', { n: 1 })
  say({ registry: 1 })
  const works = [keepDocuments(storage, say), keepLog(storage, say), keepBlobs(storage.blobs, say)]
  // All go on to their ends, also when one fails: nothing is acknowledged after this returned.
  await Promise.allSettled(works)
  await Promise.all(works)
}

type Say = (news: Partial<Told>) => void

async function keepDocuments({ documents }: Storage, say: Say): Promise<void> {
  await documents.write('jobs/a/notes', {})
  say({ notes: 'written' })
  for (const n of [2, 3]) {
    await documents.write('registry', { n, text: 'x'.repeat(5_000) })
    say({ registry: n })
  }
  say({ notes: 'removing' })
  await documents.remove('jobs/a/notes')
  say({ notes: 'removed' })
}

async function keepLog({ logs }: Storage, say: Say): Promise<void> {
  const append = async (first: number): Promise<void> => {
    const last = await logs.append('jobs/a/log', records(first))
    say({ log: last })
  }
  await append(1)
  const both = [append(11), append(21)]
  await Promise.allSettled(both)
  await Promise.all(both)
  await append(31)
}

const records = (first: number) => Array.from({ length: BATCH }, (_, i) => ({ n: first + i, text: 'y'.repeat(200) }))

async function keepBlobs(blobs: Blobs, say: Say): Promise<void> {
  const { id } = await blobs.createUpload(BLOB)
  say({ upload: id })
  const half = BYTES.subarray(0, SIZE / 2)
  await blobs.appendUpload(id, 0, broken(half.subarray(0, 7), half.subarray(7))).catch((error: unknown) => {
    if (!(error instanceof Error && error.message === 'connection reset')) throw error
  })
  const { offset } = await blobs.findUpload(id)
  await blobs.appendUpload(id, offset, stream(BYTES.subarray(offset)))
  await blobs.commitUpload(id)
  say({ committed: true })
  const second = await blobs.createUpload(declare(SECOND))
  await blobs.appendUpload(second.id, 0, stream(SECOND))
  await blobs.commitUpload(second.id)
  say({ second: 'committed' })
  say({ second: 'removing' })
  await blobs.remove(declare(SECOND).sha1)
  say({ second: 'removed' })
}

/** What a storage that came back has lost of what it acknowledged, or has in part; nothing when it kept its word. */
export async function lossesOf(storage: Storage, told: Told): Promise<string[]> {
  const lost: string[] = []
  const registry = await storage.documents.read('registry')
  const n = registry === null ? 0 : Number(Object(registry).n)
  if (n < told.registry || n > 3) lost.push(`the registry is ${n}, and ${told.registry} was acknowledged`)
  const notes = await storage.documents.read('jobs/a/notes')
  if (told.notes === 'written' && notes === null) lost.push('a document that was acknowledged is not there')
  if (told.notes === 'removed' && notes !== null) lost.push('a document that was removed came back')
  const found = await storage.logs.read('jobs/a/log', 0, 1000)
  const isWhole = found.every(({ number, record }, i) => number === i + 1 && Object(record).n === i + 1)
  // A batch that nobody was told of may be there in part: its sender sends it again, and each record has its number.
  if (!isWhole || found.length < told.log)
    lost.push(`the log has ${found.length} records${isWhole ? '' : ' with holes'}, and ${told.log} were acknowledged`)
  return [...lost, ...(await blobLosses(storage.blobs, told))]
}

async function blobLosses(blobs: Blobs, told: Told): Promise<string[]> {
  const lost: string[] = []
  const there = await blobs.find(BLOB.sha1)
  if (told.committed && there === null) lost.push('a blob that was committed is not there')
  if (there !== null && !(await read(blobs, BLOB.sha1)).equals(BYTES)) lost.push('a blob has other bytes')
  if (told.upload !== null && !told.committed && there === null) {
    const session = await blobs.findUpload(told.upload).catch(() => null)
    if (session === null) lost.push('an upload session that was acknowledged is not there')
  }
  const second = await blobs.find(declare(SECOND).sha1)
  if (told.second === 'committed' && second === null) lost.push('the second blob is not there')
  if (told.second === 'removed' && second !== null) lost.push('a blob that was removed came back')
  return lost
}

/** What an agent does when the store is back: it goes on where the session stands, or anew when that is spoiled. */
export async function finishUpload(blobs: Blobs, told: Told): Promise<void> {
  const known = told.upload === null ? null : await blobs.findUpload(told.upload).catch(() => null)
  const session = known ?? (await blobs.createUpload(BLOB))
  if (!session.complete && session.offset < SIZE)
    await blobs.appendUpload(session.id, session.offset, stream(BYTES.subarray(session.offset)))
  try {
    await blobs.commitUpload(session.id)
  } catch (error) {
    // Bytes that were written and never synced may be others after a power cut: the digests tell.
    if ((await refusal(Promise.reject(error))).code !== 'E_DIGEST') throw error
    const again = await blobs.createUpload(BLOB)
    await blobs.appendUpload(again.id, 0, stream(BYTES))
    await blobs.commitUpload(again.id)
  }
}
