import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { refusal } from './fixture.ts'
import { useTestFolder, withFailpoint } from './testfolder.ts'

const folder = useTestFolder()

test('a document is one JSON file, and is there after a restart', async () => {
  await folder.life(({ documents }) => documents.write('jobs/a/job', { n: 1, name: 'ü' }))
  expect(JSON.parse(await readFile(folder.path('jobs/a/job.json'), 'utf8'))).toEqual({ n: 1, name: 'ü' })
})

test.each([
  ['an empty file', ''],
  ['a cut file', '{"a": [1, 2'],
  ['null', 'null'],
  ['a number', '3'],
  ['no JSON', 'hello'],
  ['two documents', '{}{}'],
  ['bytes that are no UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
])('%s is an error that names the file, not an empty document', async (_, bytes) => {
  const { documents } = await folder.open()
  await documents.write('jobs/a/job', { n: 1 })
  await writeFile(folder.path('jobs/a/job.json'), bytes)
  const { code, got } = await refusal(documents.read('jobs/a/job'))
  expect(code).toBe('E_CORRUPT')
  expect(got).toContain(folder.path('jobs/a/job.json'))
})

test('a damaged registry is an error at the start', async () => {
  await folder.life(({ documents }) => documents.write('registry', { n: 1 }))
  await truncate(folder.path('registry.json'), 3)
  expect(await refusal(folder.open())).toMatchObject({ code: 'E_CORRUPT' })
})

test('a temp file that a crash left is neither read nor listed, and goes with the next write', async () => {
  const { documents } = await folder.open()
  await mkdir(folder.path('jobs/a'), { recursive: true })
  await writeFile(folder.path('jobs/a/job.json.tmp'), '{"half')
  expect(await documents.read('jobs/a/job')).toBeNull()
  expect(await documents.list('')).toEqual([])
  await documents.write('jobs/a/job', { n: 1 })
  expect(await folder.files()).toEqual(['jobs/a/job.json', 'layout'])
})

test('a removed document takes its empty folders along, but not the data folder', async () => {
  const { documents } = await folder.open()
  await documents.write('jobs/a/job', {})
  await documents.write('jobs/b/job', {})
  await documents.remove('jobs/a/job')
  await expect(readFile(folder.path('jobs/a'))).rejects.toThrow('ENOENT')
  await documents.remove('jobs/b/job')
  await expect(readFile(folder.path('jobs'))).rejects.toThrow('ENOENT')
  expect(await folder.files()).toEqual(['layout'])
})

test.each(['ENOSPC', 'EDQUOT'])('on %s the old document stays, and the next write works', async (code) => {
  const { documents } = await folder.open()
  await documents.write('registry', { n: 1 })
  const refused = await withFailpoint(`document.write:${code}`, () => refusal(documents.write('registry', { n: 2 })))
  expect(refused).toMatchObject({ code: 'E_NO_SPACE', got: code })
  expect(await documents.read('registry')).toEqual({ n: 1 })
  expect(await folder.files()).toEqual(['layout', 'registry.json'])
  await documents.write('registry', { n: 3 })
  expect(await documents.read('registry')).toEqual({ n: 3 })
})

test('an error of the disk reaches the caller as it is, and the next write works', async () => {
  const { documents } = await folder.open()
  const write = () => documents.write('registry', { n: 2 })
  await expect(withFailpoint('document.write:EMFILE', write)).rejects.toThrow('EMFILE')
  await documents.write('registry', { n: 3 })
  expect(await documents.read('registry')).toEqual({ n: 3 })
})

test('a write under way is finished by close, and one after it is refused', async () => {
  const storage = await folder.open()
  const writes = Array.from({ length: 5 }, (_, n) => storage.documents.write(`a${n}`, { n }))
  await storage.close()
  await Promise.all(writes)
  expect((await refusal(storage.documents.write('late', {}))).code).toBe('E_WRITE')
  expect(await storage.documents.list('')).toEqual(['a0', 'a1', 'a2', 'a3', 'a4'])
  await rm(folder.path('a0.json'))
})
