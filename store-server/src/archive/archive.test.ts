import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { problemsOf } from '../check/finding.ts'
import { checkFolder } from '../check/folder.ts'
import type { RunningStore } from '../startStore.ts'
import { archiveFrom, inPieces } from '../testing/archives.ts'
import { flip } from '../testing/damage.ts'
import { blobOf, MADE, newFolder, useFilledFolder } from '../testing/dataFolder.ts'
import { call, fakeAgent, logRecord, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'
import { unpackArchive } from './unpack.ts'

const filled = useFilledFolder()
const [FIRST = ''] = MADE

const tar = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8' })
/** All that a person sees of a store. */
async function storyOf(store: RunningStore): Promise<unknown> {
  const jobs = (await call(store, 'GET', '/api/jobs')).json.items
  const paths = ['/api/models', '/api/tasks', '/api/tasks/pets/deployments']
  for (const { id } of jobs) paths.push(`/api/jobs/${id}/log`, `/api/jobs/${id}/metrics`)
  for (const sha1 of MADE) paths.push(`/api/models/${sha1}/evaluation`, `/api/models/${sha1}/weights`)
  const answers = await Promise.all(paths.map(async (path) => [path, (await call(store, 'GET', path)).text]))
  return { jobs, answers }
}

test('an archive of a running store is a tar of its files without tokens, and becomes the same store elsewhere', async () => {
  const dataDir = await filled.copy()
  const folder = await newFolder()
  const store = await startTestStore({ dataDir })
  const archive = await archiveFrom(store)
  const file = join(folder, 'a.tar')
  await writeFile(file, archive)
  const names = tar('tf', file).trim().split('\n')
  expect(names).toEqual(expect.arrayContaining(['archive.json', 'layout', 'registry.json', 'deployments/pets.log']))
  expect(names.at(-1)).toBe('manifest.json')
  for (const sha1 of MADE) expect(names).toContain(blobOf(sha1))
  expect(tar('xOf', file, blobOf(FIRST)).length).toBeGreaterThan(0)
  for (const token of [store.token, store.agentToken, store.viewerToken]) expect(archive.includes(token)).toBe(false)
  for (const name of names) expect(name).not.toMatch(/token|upload|lock/)

  const target = join(folder, 'deep/data')
  await unpackArchive(inPieces(archive), target)
  expect(await checkFolder(target)).toMatchObject([{ level: 'note', at: 'deployed/pets/current.json' }])
  const twin = await startTestStore({ dataDir: target })
  expect(await storyOf(twin)).toEqual(await storyOf(store))
  expect(twin.token).not.toBe(store.token)
  await twin.close()
  expect(await checkFolder(target)).toEqual([])
})

test('an archive that is taken while a job trains is one moment of the store', async () => {
  const store = await startTestStore({ dataDir: await filled.copy() })
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  const run = await agent.next('run')
  const { job, trial, attempt, lease } = run
  let going = true
  /** Lines and checkpoints as fast as the store takes them; each checkpoint removes the one before. */
  const train = async (): Promise<void> => {
    for (let step = 1; going; step++) {
      await agent.answer(agent.records(run, step, [logRecord(`line ${step}`)]))
      const sha1 = await upload(store, weightsOf(100 + step))
      agent.send({ type: 'checkpoint', id: `c${step}`, job, trial, attempt, lease, sha1, step, progress: 0.1 })
      expect(await agent.answer(`c${step}`)).toMatchObject({ type: 'ack' })
    }
  }
  const training = train()
  for (let i = 0; i < 5; i++) {
    const target = join(await newFolder(), 'data')
    await unpackArchive(inPieces(await archiveFrom(store), 100_000), target)
    expect(problemsOf(await checkFolder(target))).toEqual([])
    const twin = await startTestStore({ dataDir: target })
    const { items } = (await call(twin, 'GET', `/api/jobs/${job}/log`)).json
    const lines = items.map(({ text }: { text: string }) => text).filter((text: string) => text.startsWith('line'))
    expect(lines).toEqual(lines.map((_: string, n: number) => `line ${n + 1}`))
    await twin.close()
  }
  going = false
  await training
})

test('damaged weights are left out and named, and the rest is as it was', async () => {
  const dataDir = await filled.copy()
  await flip(join(dataDir, blobOf(FIRST)), 30)
  const store = await startTestStore({ dataDir, world: { report: () => {} } })
  const target = join(await newFolder(), 'data')
  const { missing } = await unpackArchive(inPieces(await archiveFrom(store)), target)
  expect(missing).toEqual([FIRST])
  expect(problemsOf(await checkFolder(target)).map(({ at }) => at)).toEqual([blobOf(FIRST)])
  const twin = await startTestStore({ dataDir: target, world: { report: () => {} } })
  expect((await call(twin, 'GET', `/api/models/${FIRST}/weights`)).status).toBe(404)
  expect((await call(twin, 'GET', `/api/models/${MADE[1]}/weights`)).status).toBe(200)
})

test('only an operator may take an archive', async () => {
  const store = await startTestStore()
  const status = async (token: string) => (await call({ ...store, token }, 'GET', '/api/store/archive')).status
  expect([await status(store.viewerToken), await status(store.agentToken), await status('x')]).toEqual([403, 403, 401])
  expect(sha1Of(weightsOf(1))).toBe(FIRST)
})
