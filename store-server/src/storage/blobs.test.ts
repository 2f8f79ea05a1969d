import { execFileSync } from 'node:child_process'
import { mkdir, open, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { declare, noise, read, refusal, stream, upload } from './fixture.ts'
import { useTestFolder, withFailpoint } from './testfolder.ts'

const folder = useTestFolder()
const bytes = noise(100_000)
const blob = declare(bytes)
const { sha1 } = blob
const info = { sha1, sha256: blob.sha256, sizeBytes: 100_000 }
const FILE = () => folder.path('blobs-v1/sha1', sha1.slice(0, 2), sha1.slice(2))
const RECORD = () => folder.path('blobs-v1/record', sha1.slice(0, 2), `${sha1.slice(2)}.json`)

let problems: string[] = []
const options = { onCorrupt: (name: string, problem: string) => problems.push(`${name} ${problem}`) }
beforeEach(() => {
  problems = []
})
const commit = (): Promise<unknown> =>
  folder.life(async ({ documents, blobs }) => {
    await documents.write('registry', {})
    return upload(blobs, bytes)
  })

async function flip(path: string, at: number): Promise<void> {
  const handle = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await handle.read(byte, 0, 1, at)
  await handle.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at)
  await handle.close()
}

test('a blob is one file under its sha1 with a record beside, both for their owner alone', async () => {
  await commit()
  expect(await readFile(FILE())).toEqual(Buffer.from(bytes))
  expect(JSON.parse(await readFile(RECORD(), 'utf8'))).toEqual(info)
  for (const path of [FILE(), RECORD()]) expect((await stat(path)).mode & 0o777).toBe(0o600)
  for (const path of [folder.path(), dirname(FILE())]) expect((await stat(path)).mode & 0o777).toBe(0o700)
  expect((await stat(FILE())).nlink).toBe(1)
})
test('a blob is there after a restart', async () => {
  await commit()
  const { blobs } = await folder.open(options)
  expect(await blobs.find(sha1)).toEqual(info)
  expect((await read(blobs, sha1)).equals(bytes)).toBe(true)
  expect(problems).toEqual([])
})

const DAMAGES: [string, () => Promise<void>][] = [
  ['one flipped bit', () => flip(FILE(), 54_321)],
  ['a file cut short', () => truncate(FILE(), 99_999)],
  ['an empty file', () => truncate(FILE(), 0)],
  ['a byte too many', () => truncate(FILE(), 100_001)],
  ['no file', () => rm(FILE())],
]
for (const when of ['while the storage is open', 'between two starts'])
  test.each(DAMAGES)(`%s, ${when}, is never served, told once, and healed by an upload`, async (_, damage) => {
    await commit()
    if (when === 'between two starts') await damage()
    const { blobs } = await folder.open(options)
    if (when !== 'between two starts') {
      expect(await blobs.find(sha1)).toEqual(info)
      await damage()
    }
    for (let i = 0; i < 2; i++) {
      expect(await blobs.find(sha1)).toBeNull()
      expect((await refusal(read(blobs, sha1))).code).toBe('E_NOT_FOUND')
    }
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(sha1)
    expect((await refusal(blobs.createUpload({ ...blob, sha256: '0'.repeat(64) }))).code).toBe('E_COLLISION')
    expect(await upload(blobs, bytes)).toEqual(info)
    expect((await read(blobs, sha1)).equals(bytes)).toBe(true)
    expect(problems).toHaveLength(1)
  })

test('damage that leaves size and time alone is found by a scrub, or by the next start', async () => {
  await commit()
  const { blobs } = await folder.open(options)
  expect(await blobs.scrub()).toEqual([])
  const longAgo = new Date(1_000_000_000_000)
  await utimes(FILE(), longAgo, longAgo)
  expect(await blobs.find(sha1)).toEqual(info)
  await flip(FILE(), 5)
  await utimes(FILE(), longAgo, longAgo)
  expect(await blobs.find(sha1)).toEqual(info)
  expect(await blobs.scrub()).toEqual([sha1])
  expect(await blobs.find(sha1)).toBeNull()
  expect(problems).toHaveLength(1)
})
test('a scrub tells of a blob that is gone', async () => {
  await commit()
  const { blobs } = await folder.open(options)
  await rm(FILE())
  expect(await blobs.scrub()).toEqual([sha1])
})
test.each<[string, () => Promise<void>]>([
  ['lost', () => rm(RECORD())],
  ['empty', () => truncate(RECORD(), 0)],
  ['of another kind', () => writeFile(RECORD(), '{"sha1": 5}')],
])('a record that is %s is made again from the bytes', async (_, damage) => {
  await commit()
  await damage()
  const { blobs } = await folder.open(options)
  expect(await blobs.find(sha1)).toEqual(info)
  expect(JSON.parse(await readFile(RECORD(), 'utf8'))).toEqual(info)
  expect(problems).toEqual([])
})

const PLANTS: [string, () => Promise<unknown>][] = [
  ['a link to a file with the right bytes', () => symlink(folder.path('..', 'outside'), FILE())],
  ['a link to nothing', () => symlink(folder.path('..', 'nothing'), FILE())],
  ['a folder', () => mkdir(FILE())],
  ['a pipe', async () => execFileSync('mkfifo', [FILE()])],
]
test.each(PLANTS)('%s in the place of a blob is refused, and left alone', async (_, plant) => {
  const { blobs } = await folder.open(options)
  await writeFile(folder.path('..', 'outside'), bytes)
  await mkdir(dirname(FILE()), { recursive: true })
  await plant()
  expect(await blobs.find(sha1)).toBeNull()
  expect((await refusal(read(blobs, sha1))).code).toBe('E_NOT_FOUND')
  expect((await refusal(upload(blobs, bytes))).code).toBe('E_CORRUPT')
  expect(await readFile(folder.path('..', 'outside'))).toEqual(Buffer.from(bytes))
  await expect(stat(folder.path('..', 'nothing'))).rejects.toThrow('ENOENT')
  expect(problems).toHaveLength(1)
  await rm(FILE(), { recursive: true })
  await upload(blobs, bytes)
  expect(await blobs.find(sha1)).toEqual(info)
})
test('a blob may be removed while it is read: the reader gets all of it', async () => {
  const { blobs } = await folder.open()
  const large = noise(2_000_000)
  const { sha1: name } = await upload(blobs, large)
  const reader = blobs.read(name)[Symbol.asyncIterator]()
  const first = await reader.next()
  await blobs.remove(name)
  const pieces: Uint8Array[] = [first.value]
  for (let next = await reader.next(); !next.done; next = await reader.next()) pieces.push(next.value)
  expect(Buffer.concat(pieces).equals(large)).toBe(true)
  expect(await folder.files()).not.toContain(`blobs-v1/sha1/${name.slice(0, 2)}/${name.slice(2)}`)
})
test('a disk that is full at the commit loses nothing: the commit works later', async () => {
  const { blobs } = await folder.open()
  const { id } = await blobs.createUpload(blob)
  await blobs.appendUpload(id, 0, stream(bytes))
  for (const place of ['commit.beforeLink', 'commit.afterLink', 'record.write']) {
    expect((await withFailpoint(`${place}:ENOSPC`, () => refusal(blobs.commitUpload(id)))).code).toBe('E_NO_SPACE')
    expect((await blobs.findUpload(id)).offset).toBe(100_000)
  }
  expect(await blobs.commitUpload(id)).toEqual(info)
})
