import { readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { flip, put } from '../testing/damage.ts'
import { blobOf, MADE, recordOf, useFilledFolder } from '../testing/dataFolder.ts'
import { call, fakeAgent, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'
import { upkeepWaitMs } from './upkeep.ts'

const filled = useFilledFolder()
const [FIRST = '', SECOND = ''] = MADE
const LONG_AGO = new Date('2020-01-01T00:00:00.000Z')
const HOUR_MS = 60 * 60 * 1000
const QUICK = { upkeepMs: 20 }

/** Makes files look as if they were written long ago. */
const age = (folder: string, ...paths: string[]): Promise<unknown> =>
  Promise.all(paths.map((path) => utimes(join(folder, path), LONG_AGO, LONG_AGO)))
const exists = (folder: string, path: string): Promise<boolean> =>
  stat(join(folder, path)).then(
    () => true,
    () => false,
  )
/** Lines for the operator, and the first one that fits. */
function reports() {
  const waiting: { fits: RegExp; resolve: (line: string) => void }[] = []
  return {
    world: {
      report: (line: string) => {
        for (const { fits, resolve } of waiting) if (fits.test(line)) resolve(line)
      },
    },
    next: (fits: RegExp) => new Promise<string>((resolve) => waiting.push({ fits, resolve })),
  }
}

test('weights that rot are found by the daily upkeep, marked, neither served nor deployed, and healed by an upload', async () => {
  const dataDir = await filled.copy()
  await age(dataDir, blobOf(FIRST))
  const { world, next } = reports()
  const told = next(/are damaged/)
  const store = await startTestStore({ dataDir, times: QUICK, world })
  const page = await openTestPage(store)
  expect((await call(store, 'GET', `/api/models/${FIRST}/weights`)).status).toBe(200)
  await flip(join(dataDir, blobOf(FIRST)), 30)
  // Neither size nor time tells of it.
  await age(dataDir, blobOf(FIRST))
  const { model } = await page.next('model', (message) => message.model.sha1 === FIRST)
  expect(model).toMatchObject({ damagedAt: expect.any(String), verdict: { code: 'replaced' } })
  expect(await told).toContain(FIRST)
  expect(await call(store, 'GET', `/api/models/${FIRST}/weights`)).toMatchObject({ status: 404 })
  const deploy = () => call(store, 'POST', '/api/tasks/pets/deployments', { sha1: FIRST })
  expect(await deploy()).toMatchObject({ status: 409, json: { error: { code: 'E_UNDEPLOYABLE' } } })
  expect((await call(store, 'GET', '/api/tasks/pets')).json).toMatchObject({ revision: 2, current: { sha1: SECOND } })

  await upload(store, weightsOf(1))
  const healed = await page.next('model', (message) => message.model.sha1 === FIRST)
  expect(healed.model).not.toHaveProperty('damagedAt')
  expect((await call(store, 'GET', `/api/models/${FIRST}/weights`)).status).toBe(200)
  expect((await deploy()).status).toBe(201)
})

test('a mark outlasts a restart, and goes when the file is brought back', async () => {
  const dataDir = await filled.copy()
  const first = await startTestStore({ dataDir, world: reports().world })
  await flip(join(dataDir, blobOf(FIRST)), 30)
  expect((await call(first, 'GET', `/api/models/${FIRST}/weights`)).status).toBe(404)
  const marked = (await call(first, 'GET', `/api/models/${FIRST}`)).json
  expect(marked.damagedAt).toEqual(expect.any(String))
  await first.close()
  const store = await startTestStore({ dataDir })
  expect((await call(store, 'GET', `/api/models/${FIRST}`)).json).toEqual(marked)
  await writeFile(join(dataDir, blobOf(FIRST)), weightsOf(1))
  expect((await call(store, 'GET', `/api/models/${FIRST}/weights`)).status).toBe(200)
  expect((await call(store, 'GET', `/api/models/${FIRST}`)).json).not.toHaveProperty('damagedAt')
})

test('the upkeep takes what nobody names and is a day old; what is named, young or foreign stays', async () => {
  const dataDir = await filled.copy()
  const setting = await startTestStore({ dataDir })
  const agent = await fakeAgent(setting, 'kernel')
  await agent.join('pets')
  const run = await agent.next('run')
  const [old, young, kept] = [weightsOf(7), weightsOf(8), weightsOf(9)].map(sha1Of)
  for (const value of [7, 8, 9]) await upload(setting, weightsOf(value))
  const { job, trial, attempt, lease } = run
  agent.send({ type: 'checkpoint', id: 'c', job, trial, attempt, lease, sha1: kept, step: 1, progress: 0.5 })
  expect(await agent.answer('c')).toMatchObject({ type: 'ack' })
  await setting.close()
  const olds = [old, kept, ...MADE].map((sha1) => sha1 ?? '')
  await age(dataDir, ...olds.flatMap((sha1) => [blobOf(sha1), recordOf(sha1)]))
  for (const name of ['old.tmp', 'jobs/x/job.json.tmp', 'deployed/pets/.current.1.tmp', 'registry.json.tmp'])
    await put(join(dataDir, name), 'half')
  await age(dataDir, 'old.tmp', 'jobs/x/job.json.tmp', 'deployed/pets/.current.1.tmp')

  const { world, next } = reports()
  const removed = next(/^removed/)
  const store = await startTestStore({ dataDir, times: QUICK, world })
  expect(await removed).toBe(`removed 1 weights that nothing names (${weightsOf(7).length} bytes) and 2 temp files`)
  expect(await exists(dataDir, blobOf(old ?? ''))).toBe(false)
  expect(await exists(dataDir, recordOf(old ?? ''))).toBe(false)
  for (const sha1 of [young, kept, ...MADE]) expect(await exists(dataDir, blobOf(sha1 ?? ''))).toBe(true)
  // A young temp file may be somebody's, and a foreign one is no business of ours.
  expect(await readdir(dataDir)).toEqual(expect.arrayContaining(['old.tmp', 'registry.json.tmp']))
  expect(await exists(dataDir, 'jobs/x/job.json.tmp')).toBe(false)
  for (const sha1 of MADE) expect((await call(store, 'GET', `/api/models/${sha1}/weights`)).status).toBe(200)
})

test.each<[string, unknown, number]>([
  ['a store that never did it', undefined, 5 / 60],
  ['a time that cannot be read', 'yesterday', 5 / 60],
  ['an hour ago', '2026-01-01T23:00:00.000Z', 23],
  ['three days ago', '2025-12-30T00:00:00.000Z', 5 / 60],
  ['a clock that was ahead', '2027-01-01T00:00:00.000Z', 24],
])('the next upkeep after %s', (_, at, hours) => {
  expect(upkeepWaitMs(at, Date.parse('2026-01-02T00:00:00.000Z'), 24 * HOUR_MS)).toBe(hours * HOUR_MS)
})
