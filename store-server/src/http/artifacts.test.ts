// The files made of a model: named by its report, kept and given out as weights are.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { unpackArchive, verifyArchive } from '../archive/unpack.ts'
import { problemsOf } from '../check/finding.ts'
import { checkFolder } from '../check/folder.ts'
import { withStore } from '../cli/offline.ts'
import { rebuildFolder } from '../rebuild/folder.ts'
import { collectGarbage } from '../service/upkeep.ts'
import type { RunningStore } from '../startStore.ts'
import { archiveFrom, inPieces } from '../testing/archives.ts'
import { edit, flip } from '../testing/damage.ts'
import { blobOf, newFolder } from '../testing/dataFolder.ts'
import { call, type FakeAgent, fakeAgent, type Run, reportOf, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const FILES = {
  'model.onnx': bytesOf('an ONNX file'),
  'tfjs/model.json': bytesOf('{"weightsManifest":[]}'),
  'tfjs/group1-shard1of1.bin': bytesOf('numbers'),
}
const artifactOf = (name: string, bytes: Uint8Array): Artifact => ({
  name,
  sha1: sha1Of(bytes),
  sizeBytes: bytes.length,
})
const ARTIFACTS = Object.entries(FILES).map(([name, bytes]) => artifactOf(name, bytes))
const SHA1 = sha1Of(weightsOf(1))

async function begin(options: Parameters<typeof startTestStore>[0] = {}) {
  const store = await startTestStore(options)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  return { store, agent, run: await agent.next('run') }
}
const uploadAll = (store: RunningStore) =>
  Promise.all([weightsOf(1), ...Object.values(FILES)].map((bytes) => upload(store, bytes)))
const say = (agent: FakeAgent, run: Run, artifacts: readonly Artifact[] = ARTIFACTS) =>
  agent.answer(agent.done(run, { ...reportOf(SHA1, 0.5), artifacts: [...artifacts] }))

/** A store with a model that has files. */
async function withArtifacts(options: Parameters<typeof startTestStore>[0] = {}) {
  const begun = await begin(options)
  await uploadAll(begun.store)
  expect(await say(begun.agent, begun.run)).toMatchObject({ type: 'ack' })
  return begun
}

test('files of a model come under their names, whole or in part, to be saved under names that make sense', async () => {
  const { store } = await withArtifacts()
  const model = await call(store, 'GET', `/api/models/${SHA1}`)
  expect(model.json.artifacts).toEqual(ARTIFACTS)
  const saved: Record<string, string> = {
    'model.onnx': `${SHA1}.onnx`,
    'tfjs/model.json': 'model.json',
    'tfjs%2Fmodel.json': 'model.json',
    'tfjs/group1-shard1of1.bin': 'group1-shard1of1.bin',
  }
  for (const [path, fileName] of Object.entries(saved)) {
    const answer = await call(store, 'GET', `/api/models/${SHA1}/artifacts/${path}`)
    const name = decodeURIComponent(path) as keyof typeof FILES
    expect([path, answer.status, answer.text]).toEqual([path, 200, new TextDecoder().decode(FILES[name])])
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${fileName}"`)
    expect(answer.headers.get('cache-control')).toBe('private, no-cache')
    const etag = answer.headers.get('etag') ?? ''
    const again = await call(store, 'GET', `/api/models/${SHA1}/artifacts/${path}`, undefined, {
      'if-none-match': etag,
    })
    expect(again.status).toBe(304)
  }
  const range = { range: 'bytes=3-6' }
  expect(await call(store, 'GET', `/api/models/${SHA1}/artifacts/model.onnx`, undefined, range)).toMatchObject({
    status: 206,
    text: 'ONNX',
  })
  for (const other of ['model.json', 'tfjs/other', 'a/b', '..%2Fmodel.onnx'])
    expect(await call(store, 'GET', `/api/models/${SHA1}/artifacts/${other}`)).toMatchObject({
      status: 404,
      json: { error: { code: 'E_NO_ARTIFACT' } },
    })
})

test.each<[string, readonly Artifact[], string]>([
  ['a file that was not uploaded', [artifactOf('model.onnx', bytesOf('elsewhere'))], 'E_NO_WEIGHTS'],
  ['a file of another size', [{ ...artifactOf('model.onnx', FILES['model.onnx']), sizeBytes: 3 }], 'E_NO_WEIGHTS'],
  ['a file of no bytes', [{ ...artifactOf('model.onnx', FILES['model.onnx']), sizeBytes: 0 }], 'E_MESSAGE'],
  ['a way out of the folder', [artifactOf('../model.onnx', FILES['model.onnx'])], 'E_MESSAGE'],
  ['two folders', [artifactOf('a/b/c', FILES['model.onnx'])], 'E_MESSAGE'],
  ['a name with a line break', [artifactOf('a\nb', FILES['model.onnx'])], 'E_MESSAGE'],
  ['one name twice', [1, 2].map(() => artifactOf('model.onnx', FILES['model.onnx'])), 'E_MESSAGE'],
  ['257 files', Array.from({ length: 257 }, (_, i) => artifactOf(`f${i}`, FILES['model.onnx'])), 'E_MESSAGE'],
])('a report that names %s is refused, and the trial goes on', async (_, artifacts, code) => {
  const { store, agent, run } = await begin()
  await uploadAll(store)
  expect(await say(agent, run, artifacts)).toMatchObject({ type: 'refused', error: { code } })
  expect((await call(store, 'GET', `/api/jobs/${run.job}`)).json.trials[0].state).toBe('running')
  expect(await say(agent, run)).toMatchObject({ type: 'ack' })
})

test('what a store holds, and what a clearing removes, is weights and files', async () => {
  const { store } = await withArtifacts()
  const all = ARTIFACTS.reduce((sum, { sizeBytes }) => sum + sizeBytes, weightsOf(1).length)
  const page = await openTestPage(store)
  expect((await page.next('snapshot')).totals).toEqual({ jobs: 1, models: 1, sizeBytes: all })
  expect((await call(store, 'DELETE', '/api/store', { confirm: 'clear' })).json).toMatchObject({ sizeBytes: all })
  for (const { sha1 } of ARTIFACTS) expect((await call(store, 'GET', `/api/models/${sha1}/weights`)).status).toBe(404)
})

test('weights that are made again bring their files along; without any, those of before stay', async () => {
  const { store, agent } = await withArtifacts()
  const again = async (artifacts: readonly Artifact[]) => {
    await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
    expect(await say(agent, await agent.next('run'), artifacts)).toMatchObject({ type: 'ack' })
    return (await call(store, 'GET', `/api/models/${SHA1}`)).json.artifacts
  }
  expect(await again([])).toEqual(ARTIFACTS)
  const newer = bytesOf('a newer ONNX file')
  await upload(store, newer)
  expect(await again([artifactOf('model.onnx', newer)])).toEqual([artifactOf('model.onnx', newer)])
})

test('files stay through a collection, a checkpoint of the same bytes, a restart, an archive and a new registry', async () => {
  const dataDir = join(await newFolder(), 'data')
  const { store, agent } = await withArtifacts({ dataDir })
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const { job, trial, attempt, lease } = await agent.next('run')
  const checkpoints = [ARTIFACTS[0]?.sha1, await upload(store, bytesOf('another one'))]
  for (const [i, sha1] of checkpoints.entries()) {
    agent.send({ type: 'checkpoint', id: `c${i}`, job, trial, attempt, lease, sha1, step: i + 1, progress: 0.1 })
    expect(await agent.answer(`c${i}`)).toMatchObject({ type: 'ack' })
  }
  const expectAll = async (running: RunningStore): Promise<void> => {
    for (const [name, bytes] of Object.entries(FILES))
      expect((await call(running, 'GET', `/api/models/${SHA1}/artifacts/${name}`)).text).toBe(
        new TextDecoder().decode(bytes),
      )
  }
  await expectAll(store)
  const archive = await archiveFrom(store)
  await store.close()
  expect(problemsOf(await checkFolder(dataDir))).toEqual([])
  expect(await withStore(dataDir, (closed) => collectGarbage(closed, 0))).toEqual([])
  await rm(join(dataDir, 'registry.json'))
  await rebuildFolder(dataDir, 0)
  await expectAll(await startTestStore({ dataDir }))

  const copy = join(await newFolder(), 'copy')
  await unpackArchive(inPieces(archive), copy)
  await expectAll(await startTestStore({ dataDir: copy }))
})

test('a file that is lost or damaged is neither given out nor archived, fsck names it, and an upload heals it', async () => {
  const dataDir = join(await newFolder(), 'data')
  const { store } = await withArtifacts({ dataDir })
  await store.close()
  const [onnx, json] = ARTIFACTS.map(({ sha1 }) => blobOf(sha1))
  await flip(join(dataDir, onnx ?? ''), 3)
  await rm(join(dataDir, json ?? ''))
  const problems = problemsOf(await checkFolder(dataDir))
  expect(problems.map(({ at, expected }) => [at, expected])).toEqual([
    [onnx, expect.stringContaining('needed by model.onnx of a model of pets')],
    [json, expect.stringContaining('needed by tfjs/model.json of a model of pets')],
  ])
  const damaged = await startTestStore({ dataDir })
  const statusOf = async (name: string) => (await call(damaged, 'GET', `/api/models/${SHA1}/artifacts/${name}`)).status
  expect(await Promise.all(Object.keys(FILES).map(statusOf))).toEqual([404, 404, 200])
  const { missing } = await verifyArchive(inPieces(await archiveFrom(damaged)))
  expect([...missing].sort()).toEqual([ARTIFACTS[0]?.sha1, ARTIFACTS[1]?.sha1].sort())
  await uploadAll(damaged)
  expect(await Promise.all(Object.keys(FILES).map(statusOf))).toEqual([200, 200, 200])
  await damaged.close()
  const path = `models/${SHA1}/model.json`
  await edit(join(dataDir, path), (value) => Object.assign(Object(value.model).artifacts[2], { sizeBytes: 99 }))
  expect(problemsOf(await checkFolder(dataDir))).toMatchObject([
    { at: `${path} tfjs/group1-shard1of1.bin`, expected: '99 bytes' },
  ])
})
