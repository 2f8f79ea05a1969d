import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openStorage } from './embedded.ts'
import { declare, refusal, stream, textBytes, upload } from './fixture.ts'
import type { Storage } from './storage.ts'
import { useTestFolder, withFailpoint } from './testfolder.ts'

const folder = useTestFolder()

test('the data folder is made, for its owner alone', async () => {
  await folder.life(async ({ documents, logs, blobs }) => {
    await documents.write('registry', {})
    await logs.append('jobs/a/log', [1])
    await blobs.createUpload(declare(textBytes('abc')))
  })
  for (const name of ['', 'uploads', 'jobs', 'jobs/a', 'lock'])
    expect((await stat(folder.path(name))).mode & 0o777, name).toBe(0o700)
  for (const name of await folder.files()) expect((await stat(folder.path(name))).mode & 0o777, name).toBe(0o600)
})
test.each<[string, (storage: Storage) => Promise<unknown>]>([
  ['blobs', ({ blobs }) => upload(blobs, textBytes('abc'))],
  ['jobs', ({ documents }) => documents.write('jobs/a/job', {})],
])('a lost registry beside %s is an error, not a new store', async (_, fill) => {
  await folder.life(fill)
  for (let i = 0; i < 2; i++) expect((await refusal(folder.open())).code).toBe('E_CORRUPT')
  await writeFile(folder.path('registry.json'), '{}')
  await folder.open()
})
test('a folder without jobs and blobs needs no registry', async () => {
  await folder.life(async ({ blobs, logs }) => {
    await blobs.createUpload(declare(textBytes('abc')))
    await logs.append('notes', [1])
  })
  await folder.open()
})
test.each(['2\n', '', 'x'])('a folder with layout %j is not opened', async (layout) => {
  await folder.life(async () => {})
  await writeFile(folder.path('layout'), layout)
  expect((await refusal(folder.open())).code).toBe('E_CORRUPT')
})
test('a data folder that is a file is an error with the reason', async () => {
  await mkdir(folder.path('..'), { recursive: true })
  await writeFile(folder.path(), '')
  expect(await refusal(folder.open())).toMatchObject({ code: 'E_WRITE', got: 'EEXIST' })
  expect(await refusal(openStorage(folder.path('below')))).toMatchObject({ code: 'E_WRITE', got: 'ENOTDIR' })
})
test('a start that fails gives the folder free', async () => {
  await folder.life(async () => {})
  await rm(folder.path('layout'))
  await mkdir(folder.path('layout'))
  expect(await refusal(folder.open())).toMatchObject({ code: 'E_WRITE', got: 'EISDIR' })
  await rm(folder.path('layout'), { recursive: true })
  await folder.open()
})
test('closing twice is closing once', async () => {
  const storage = await folder.open()
  await Promise.all([storage.close(), storage.close()])
  await storage.close()
  await folder.open()
})

/** Every kind of change once; answers how many of them were acknowledged. */
async function changes({ documents, logs, blobs }: Storage): Promise<unknown[]> {
  const acknowledged: unknown[] = []
  const bytes = textBytes('0123456789')
  await documents.write('registry', { n: 1 })
  acknowledged.push('registry')
  await logs.append('jobs/a/log', [1, 2])
  acknowledged.push('log')
  const { id, offset } = await blobs.createUpload(declare(bytes))
  acknowledged.push('session')
  await blobs.appendUpload(id, offset, stream(bytes.subarray(offset)))
  acknowledged.push('bytes')
  await blobs.commitUpload(id)
  acknowledged.push('blob')
  await documents.write('registry', { n: 2 })
  acknowledged.push('again')
  return acknowledged
}

test('whichever fsync fails, its change is not acknowledged and nothing more is written until a restart', async () => {
  const { sha1 } = declare(textBytes('0123456789'))
  let failed = 0
  for (let nth = 1; ; nth++) {
    await rm(folder.path(), { recursive: true, force: true })
    const storage = await folder.open()
    const code = await withFailpoint(`fsync@${nth}:EIO`, () =>
      changes(storage).then(
        () => 'none',
        (error: unknown) => Object(error).code,
      ),
    )
    if (code === 'none') break
    failed++
    expect(code).toBe('E_WRITE')
    // The disk works again, but what it dropped is not known.
    expect((await refusal(storage.documents.write('registry', { n: 3 }))).code).toBe('E_WRITE')
    expect((await refusal(storage.logs.append('jobs/a/log', [3]))).code).toBe('E_WRITE')
    expect((await refusal(storage.blobs.createUpload(declare(textBytes('x'))))).code).toBe('E_WRITE')
    await storage.close()
    await folder.life(async (again) => {
      expect(await again.documents.read('registry')).not.toEqual({ n: 3 })
      expect(await changes(again).then((all) => all.length)).toBe(6)
      expect(await again.blobs.find(sha1)).not.toBeNull()
    })
  }
  // Document: file, folder. Log: file, folder. Session: folders, file. Part: file. Commit: part, folders, record: file, folder.
  expect(failed).toBeGreaterThanOrEqual(16)
})
