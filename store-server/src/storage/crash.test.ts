import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startChild, transpileStorage } from './child.ts'
import { openStorage } from './embedded.ts'
import { declare, noise, read, refusal, stream } from './fixture.ts'
import type { Blobs, Storage } from './storage.ts'
import { useTestFolder } from './testfolder.ts'

const folder = useTestFolder()
let built = ''
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'pawprint-built-'))
  await transpileStorage(built)
})
afterAll(() => rm(built, { recursive: true, force: true }))

const SIZE = 200_000
const bytes = noise(SIZE)
const blob = declare(bytes)

/** One life of a store: what it says was acknowledged, in the words of Told. */
const LIFE = `
  const { documents, blobs, logs } = storage
  const bytes = fixture.noise(${SIZE})
  await documents.write('registry', { n: 1 }); say(['document', 1])
  await documents.write('registry', { n: 2 }); say(['document', 2])
  await documents.write('jobs/a/job', { n: 1 })
  for (const start of [0, 10, 20]) say(['log', await logs.append('jobs/a/log', Array.from({ length: 10 }, (_, i) => start + i + 1))])
  const { id } = await blobs.createUpload(fixture.declare(bytes)); say(['upload', id])
  const half = bytes.subarray(0, ${SIZE / 2})
  say(['offset', (await blobs.appendUpload(id, 0, fixture.stream(half.subarray(0, 7), half.subarray(7)))).offset])
  say(['offset', (await blobs.appendUpload(id, ${SIZE / 2}, fixture.stream(bytes.subarray(${SIZE / 2})))).offset])
  await blobs.commitUpload(id); say(['committed', id])
  say(['survived'])
  process.exit(0)`

interface Told {
  document: number
  log: number
  upload: string | null
  offset: number
  committed: boolean
}

function toldBy(said: readonly unknown[]): Told {
  const told: Told = { document: 0, log: 0, upload: null, offset: 0, committed: false }
  for (const line of said) {
    const [word, value] = Array.isArray(line) ? line : []
    if (word === 'document') told.document = Number(value)
    if (word === 'log') told.log = Number(value)
    if (word === 'offset') told.offset = Number(value)
    if (word === 'upload') told.upload = String(value)
    if (word === 'committed') told.committed = true
    expect(word, 'the failpoint was never reached').not.toBe('survived')
  }
  return told
}

async function expectNothingLost({ documents, logs, blobs }: Storage, told: Told): Promise<void> {
  const registry = await documents.read('registry')
  const n = registry === null ? 0 : Number(Object(registry).n)
  expect(n === told.document || n === told.document + 1).toBe(true)
  const records = await logs.read('jobs/a/log', 0, 100)
  expect(records).toEqual(records.map((_, i) => ({ number: i + 1, record: i + 1 })))
  expect(records.length === told.log || records.length === told.log + 10).toBe(true)
  const info = await blobs.find(blob.sha1)
  if (told.committed) expect(info).not.toBeNull()
  if (info !== null) expect((await read(blobs, blob.sha1)).equals(bytes)).toBe(true)
  if (told.upload !== null) expect((await blobs.findUpload(told.upload)).offset).toBeGreaterThanOrEqual(told.offset)
}

/** What an agent does when the store is back: it goes on where it was. */
async function finishUpload(blobs: Blobs, told: Told): Promise<void> {
  const session = told.upload === null ? await blobs.createUpload(blob) : await blobs.findUpload(told.upload)
  if (!session.complete) await blobs.appendUpload(session.id, session.offset, stream(bytes.subarray(session.offset)))
  expect(await blobs.commitUpload(session.id)).toMatchObject({ sha1: blob.sha1 })
}

describe('killed', () => {
  test.each([
    ...['write', 'beforeSync', 'beforeRename', 'afterRename', 'afterSync'].map((at) => `document.${at}@2`),
    'document.write',
    ...['write@2', 'beforeSync@2', 'afterSync@2', 'afterSync'].map((at) => `log.${at}`),
    ...['create.beforeSession', 'session.beforeRename', 'session.afterRename', 'create.afterSession'],
    ...['write@2', 'afterWrite@2', 'beforeSync', 'write@3', 'beforeSync@2'].map((at) => `part.${at}`),
    ...['beforeHash', 'beforeSync', 'beforeLink', 'afterLink', 'afterFolder'].map((at) => `commit.${at}`),
    ...['record.beforeRename', 'record.afterRename', 'commit.afterRecord', 'commit.beforeAnswer'],
  ])('at %s, nothing that was acknowledged is lost, and the upload can be finished', async (place) => {
    const { signal, said, stderr } = await startChild(built, folder.path(), LIFE, `${place}:kill`).ended
    expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' })
    const told = toldBy(said)
    await folder.life(async (storage) => {
      await expectNothingLost(storage, told)
      await finishUpload(storage.blobs, told)
      for (const name of ['registry', 'jobs/a/job']) await storage.documents.write(name, { n: 3 })
    })
    const dayLater = Date.now() + 25 * 60 * 60 * 1000
    await folder.life(({ blobs }) => blobs.scrub(), { now: () => dayLater })
    const path = `${blob.sha1.slice(0, 2)}/${blob.sha1.slice(2)}`
    const expected = [
      `blobs-v1/record/${path}.json`,
      `blobs-v1/sha1/${path}`,
      'jobs/a/job.json',
      'layout',
      'registry.json',
    ]
    expect((await folder.files()).filter((name) => name !== 'jobs/a/log.log')).toEqual(expected)
    expect(await readdir(folder.path('uploads'))).toEqual([])
  })
})

test('a second process is refused with the pid of the first, and may start when that one was killed', async () => {
  const holder = startChild(built, folder.path(), 'say(process.pid); setInterval(() => {}, 1000)')
  const pid = await holder.first
  const refused = await refusal(openStorage(folder.path()))
  expect(refused).toMatchObject({ code: 'E_LOCKED', got: `one held by process ${String(pid)}` })
  const second = await startChild(built, folder.path(), 'say(1)').ended
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`process ${String(pid)}`)
  holder.kill()
  await holder.ended
  await folder.life(({ documents }) => documents.write('registry', {}))
})
test('a holder whose event loop stands still is a holder all the same', async () => {
  const holder = startChild(built, folder.path(), 'say(1); for (;;);')
  await holder.first
  expect((await refusal(openStorage(folder.path()))).code).toBe('E_LOCKED')
  holder.kill()
  await holder.ended
})
