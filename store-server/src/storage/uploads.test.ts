import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { declare, manual, noise, read, refusal, stream, textBytes, upload } from './fixture.ts'
import { useTestFolder, withFailpoint } from './testfolder.ts'

const folder = useTestFolder()
const HOUR_MS = 60 * 60 * 1000
const bytes = noise(100_000)
const blob = declare(bytes)
const part = (id: string): string => folder.path('uploads', id, 'part')

/** A session with some bytes, left by an earlier process. */
const leave = (sizeBytes: number): Promise<string> =>
  folder.life(async ({ documents, blobs }) => {
    await documents.write('registry', {})
    const { id } = await blobs.createUpload(blob)
    await blobs.appendUpload(id, 0, stream(bytes.subarray(0, sizeBytes)))
    return id
  })

test.each([[0], [1], [50_000], [100_000]])('a session with %s bytes goes on after a restart', async (sizeBytes) => {
  const id = await leave(sizeBytes)
  const { blobs } = await folder.open()
  expect(await blobs.findUpload(id)).toMatchObject({ sha1: blob.sha1, offset: sizeBytes, complete: false })
  await blobs.appendUpload(id, sizeBytes, stream(bytes.subarray(sizeBytes)))
  expect(await blobs.commitUpload(id)).toMatchObject({ sha1: blob.sha1 })
  expect((await read(blobs, blob.sha1)).equals(bytes)).toBe(true)
  expect(await readdir(folder.path('uploads', id))).toEqual(['session.json'])
})
test('bytes that a power cut spoiled are found at the commit, and a new session heals', async () => {
  const id = await leave(50_000)
  await writeFile(part(id), Buffer.alloc(50_000))
  const { blobs } = await folder.open()
  await blobs.appendUpload(id, 50_000, stream(bytes.subarray(50_000)))
  expect((await refusal(blobs.commitUpload(id))).code).toBe('E_DIGEST')
  expect(await readdir(folder.path('uploads'))).toEqual([])
  expect(await upload(blobs, bytes)).toMatchObject({ sha1: blob.sha1 })
})
test('bytes that a power cut took are asked for again', async () => {
  const id = await leave(50_000)
  await truncate(part(id), 4096)
  const { blobs } = await folder.open()
  expect(await refusal(blobs.appendUpload(id, 50_000, stream(bytes)))).toMatchObject({ expected: '4096' })
  await blobs.appendUpload(id, 4096, stream(bytes.subarray(4096)))
  await blobs.commitUpload(id)
})
test('a commit may be repeated after a restart, and by another process than the first one', async () => {
  const id = await leave(100_000)
  await folder.life(({ blobs }) => blobs.commitUpload(id))
  const { blobs } = await folder.open()
  expect(await blobs.findUpload(id)).toMatchObject({ offset: 100_000, complete: true })
  expect(await blobs.commitUpload(id)).toEqual({ sha1: blob.sha1, sha256: blob.sha256, sizeBytes: 100_000 })
})
test('sessions that are a day old are dropped, younger ones and foreign files stay', async () => {
  const [old, young, done] = [await leave(5), await leave(7), await leave(100_000)]
  await folder.life(({ blobs }) => blobs.commitUpload(done))
  const yesterday = new Date(Date.now() - 25 * HOUR_MS)
  await utimes(part(old), yesterday, yesterday)
  await mkdir(folder.path('uploads', 'my notes'))
  await writeFile(folder.path('uploads', 'my notes', 'part'), 'mine')
  await utimes(folder.path('uploads', 'my notes', 'part'), yesterday, yesterday)
  const { blobs } = await folder.open()
  expect((await refusal(blobs.findUpload(old))).code).toBe('E_NOT_FOUND')
  await blobs.scrub()
  expect((await readdir(folder.path('uploads'))).sort()).toEqual([young, done, 'my notes'].sort())
  expect((await blobs.findUpload(young)).offset).toBe(7)
})
test.each([
  ['without its declaration', (id: string) => rm(folder.path('uploads', id, 'session.json'))],
  ['with a damaged one', (id: string) => writeFile(folder.path('uploads', id, 'session.json'), '{"sha1"')],
])('a session %s is gone after a restart', async (_, damage) => {
  const id = await leave(5)
  await damage(id)
  const { blobs } = await folder.open()
  expect((await refusal(blobs.findUpload(id))).code).toBe('E_NOT_FOUND')
  expect(await readdir(folder.path('uploads'))).toEqual([])
})
test('a full disk keeps what came, and the upload goes on when there is space', async () => {
  const { blobs } = await folder.open()
  const { id } = await blobs.createUpload(blob)
  const pieces = [0, 1, 2, 3, 4].map((i) => bytes.subarray(i * 20_000, (i + 1) * 20_000))
  const refused = await withFailpoint('part.write@3:ENOSPC', () =>
    refusal(blobs.appendUpload(id, 0, stream(...pieces))),
  )
  expect(refused.code).toBe('E_NO_SPACE')
  expect((await blobs.findUpload(id)).offset).toBe(40_000)
  await blobs.appendUpload(id, 40_000, stream(bytes.subarray(40_000)))
  await blobs.commitUpload(id)
  expect((await read(blobs, blob.sha1)).equals(bytes)).toBe(true)
})
test('an upload is refused at once when the disk could not hold it', async () => {
  const { blobs } = await folder.open({ keepFreeBytes: Number.MAX_SAFE_INTEGER / 2 })
  expect((await refusal(blobs.createUpload(blob))).code).toBe('E_NO_SPACE')
  expect(await readdir(folder.path('uploads'))).toEqual([])
})
test('a session that cannot be written down leaves nothing behind', async () => {
  const { blobs } = await folder.open({ maxUploads: 1 })
  const create = () => refusal(blobs.createUpload(blob))
  expect((await withFailpoint('session.write:ENOSPC', create)).code).toBe('E_NO_SPACE')
  expect(await readdir(folder.path('uploads'))).toEqual([])
  expect((await blobs.createUpload(blob)).offset).toBe(0)
})
test('close ends an upload whose sender is silent, and keeps its bytes', async () => {
  const storage = await folder.open()
  const { id } = await storage.blobs.createUpload(blob)
  const sender = manual()
  const appended = refusal(storage.blobs.appendUpload(id, 0, sender.bytes))
  sender.send(textBytes('0123'))
  await sender.asked(2)
  await storage.close()
  await folder.life(async ({ blobs }) => expect((await blobs.findUpload(id)).offset).toBe(4))
  sender.send(textBytes('late'))
  expect((await appended).code).toBe('E_WRITE')
  expect((await stat(part(id))).size).toBe(4)
  expect(await readFile(part(id), 'utf8')).toBe('0123')
})
