import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { problemsOf, showFinding } from '../check/finding.ts'
import { checkFolder } from '../check/folder.ts'
import { placeOf } from '../check/places.ts'
import { blobPath, recordPath } from '../storage/blobfile.ts'
import { createDisk, type Disk, writeAll } from '../storage/disk.ts'
import { errnoOf, withNoSpace } from '../storage/errno.ts'
import { StorageError } from '../storage/storage.ts'
import {
  archivedPlace,
  assertFiles,
  assertHead,
  HEAD_PATH,
  MANIFEST_PATH,
  type Manifest,
  type ManifestFile,
  manifestFrom,
} from './manifest.ts'
import { readTar, type TarEntry } from './tar.ts'

const MAX_HEAD_BYTES = 64 * 1024
/** Of a manifest, which is kept in memory: some millions of files. */
const MAX_MANIFEST_BYTES = 512 * 1024 * 1024

/** Takes the bytes of one file of an archive, to their end. */
export type Sink = (path: string, bytes: AsyncIterable<Uint8Array>) => Promise<void>

const broken = (at: string, expected: string, got: string): StorageError =>
  new StorageError('E_CORRUPT', at, expected, got)

async function wholeOf({ path, sizeBytes, bytes }: TarEntry, limit: number): Promise<Buffer> {
  if (sizeBytes > limit) throw broken(path, `at most ${limit} bytes`, `${sizeBytes}`)
  const pieces: Uint8Array[] = []
  for await (const chunk of bytes) pieces.push(chunk)
  return Buffer.concat(pieces)
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Gives a file to `sink` and says what it was; weights are those that their name says. */
async function takeFile({ path, sizeBytes, bytes }: TarEntry, sink: Sink): Promise<ManifestFile> {
  const place = archivedPlace(path)
  const [sha256, sha1] = [createHash('sha256'), createHash('sha1')]
  const hashed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      sha256.update(chunk)
      if (place.type === 'blob') sha1.update(chunk)
      yield chunk
    }
  }
  await sink(path, hashed())
  const got = sha1.digest('hex')
  if (place.type === 'blob' && got !== place.sha1) throw broken(path, `bytes with sha1 ${place.sha1}`, `sha1 ${got}`)
  return { path, sizeBytes, sha256: sha256.digest('hex') }
}

/**
 * Reads an archive to its end and gives each file to `sink`, while it comes. What `sink` was given is right only when this
 * resolves. Throws StorageError E_CORRUPT for an archive that is cut off, altered, of another version, or none.
 */
export async function readArchive(chunks: AsyncIterable<Uint8Array>, sink: Sink): Promise<Manifest> {
  const came = new Map<string, ManifestFile>()
  let manifest: Manifest | null = null
  let number = 0
  for await (const entry of readTar(chunks)) {
    if (manifest !== null) throw broken(entry.path, `nothing behind ${MANIFEST_PATH}`, 'another entry')
    if (number++ === 0) {
      if (entry.path !== HEAD_PATH)
        throw broken('entry 1', `${HEAD_PATH}, as an archive of Pawprint begins`, entry.path)
      const head = await wholeOf(entry, MAX_HEAD_BYTES)
      assertHead(head)
      came.set(HEAD_PATH, { path: HEAD_PATH, sizeBytes: head.length, sha256: sha256Of(head) })
    } else if (entry.path === MANIFEST_PATH) manifest = manifestFrom(await wholeOf(entry, MAX_MANIFEST_BYTES))
    else if (came.has(entry.path)) throw broken(entry.path, 'each file once', 'it twice')
    else came.set(entry.path, await takeFile(entry, sink))
  }
  if (manifest === null) throw broken('the end', MANIFEST_PATH, `the end of the archive after ${number} entries`)
  assertFiles(manifest, came)
  return manifest
}

/** Reads an archive for nothing but to know that it is right. */
export const verifyArchive = (chunks: AsyncIterable<Uint8Array>): Promise<Manifest> =>
  readArchive(chunks, async (_, bytes) => {
    for await (const _chunk of bytes);
  })

/** Throws StorageError E_ARGUMENT unless there is nothing at `dir`, or an empty folder. */
async function assertEmpty(dir: string): Promise<void> {
  const names = await readdir(dir).catch((error: unknown): string[] => {
    if (errnoOf(error) === 'ENOENT') return []
    throw new StorageError('E_ARGUMENT', dir, 'an empty folder, or nothing yet', errnoOf(error), { cause: error })
  })
  if (names.length > 0)
    throw new StorageError('E_ARGUMENT', dir, 'an empty folder, or nothing yet', `a folder with ${names.length} files`)
}

/** Writes files below `root`, durable once `settle` resolves. */
function createWriter(root: string, disk: Disk) {
  const folders = new Set<string>()
  const sink: Sink = async (path, bytes) => {
    const handle = await disk.openForWriting(join(root, path), 'wx')
    let sizeBytes = 0
    try {
      for await (const chunk of bytes) {
        await writeAll(handle, chunk, sizeBytes)
        sizeBytes += chunk.length
      }
      await disk.sync(handle, path)
    } catch (error) {
      throw withNoSpace(error, path)
    } finally {
      await handle.close()
    }
    folders.add(dirname(join(root, path)))
  }
  const settle = async (): Promise<void> => {
    for (const folder of folders) await disk.syncFolder(folder)
  }
  return { sink, settle }
}

/** The records of the weights are made from the manifest: both digests were checked. */
async function writeRecords(root: string, disk: Disk, { files }: Manifest): Promise<void> {
  for (const { path, sizeBytes, sha256 } of files) {
    const place = placeOf(path)
    if (place.type !== 'blob') continue
    const text = JSON.stringify({ sha1: place.sha1, sha256, sizeBytes })
    await disk.replace(recordPath(root, place.sha1), text, 'record', path)
  }
}

/** Nothing but the weights that were missing already may be wrong with an unpacked archive. */
async function assertSound(root: string, { missing }: Manifest): Promise<void> {
  const known = new Set(missing.map((sha1) => blobPath('', sha1)))
  const [first, ...rest] = problemsOf(await checkFolder(root)).filter(({ at }) => !known.has(at))
  if (first)
    throw broken('the archive', 'records that agree with each other', `${showFinding(first)} (and ${rest.length} more)`)
}

/**
 * Makes `dir`, which is empty or not there yet, a data folder with what the archive holds. Everything is checked before it gets
 * its name: when this throws, there is nothing at `dir`. Throws as readArchive does, E_ARGUMENT when `dir` is not empty,
 * E_NO_SPACE, E_WRITE.
 */
export async function unpackArchive(chunks: AsyncIterable<Uint8Array>, dir: string): Promise<Manifest> {
  const target = resolve(dir)
  await assertEmpty(target)
  // Beside its target: a rename is atomic only inside one file system.
  const root = `${target}.importing-${randomBytes(6).toString('hex')}`
  const disk = createDisk(root)
  try {
    await disk.makeFolder(root)
    const { sink, settle } = createWriter(root, disk)
    const manifest = await readArchive(chunks, sink)
    await settle()
    await writeRecords(root, disk, manifest)
    await assertSound(root, manifest)
    await rename(root, target)
    await disk.syncFolder(dirname(target))
    return manifest
  } catch (error) {
    await rm(root, { recursive: true, force: true })
    throw error
  }
}
