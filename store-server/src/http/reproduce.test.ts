// A model is trained again: the job that this makes, and what is recorded.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fieldsOf } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { checkFolder } from '../check/folder.ts'
import { edit } from '../testing/damage.ts'
import { blobOf, newFolder } from '../testing/dataFolder.ts'
import { call, fakeAgent, reportOf, TEST_TASK, upload, weightsOf } from '../testing/fakeAgent.ts'
import { OTHER, SHA1, withModel } from '../testing/reproducible.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

test('the job has one trial with the params, seed and engine of that trial, whatever the values are now; asked twice it is one job', async () => {
  const { store, agent, ask } = await withModel()
  await call(store, 'POST', '/api/notebooks/pets/config', { EPOCHS: 8, NUM_FILTERS: [1, 2], SEED: 1 })
  const answers = await Promise.all([ask(), ask()])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 201])
  expect(answers[0]?.json.id).toBe(answers[1]?.json.id)
  expect(answers[0]?.json).toMatchObject({ seed: 9, reproduces: { sha1: SHA1, engine: 'fake', result: null } })
  const params = { EPOCHS: 3, LEARNING_RATE: 0.25, NUM_FILTERS: 20 }
  const run = await agent.next('run')
  expect(run).toMatchObject({ params, seed: 9, trials: 1, engine: 'fake' })
  expect((await call(store, 'GET', `/api/models/${SHA1}`)).json.params).toEqual(params)
})

test.each([
  ['the same bytes', 1, { sha1: SHA1, isSame: true }, `Reproduced ${SHA1.slice(0, 7)}: the same bytes.`],
  ['other bytes', 2, { sha1: OTHER, isSame: false }, `Differs from ${SHA1.slice(0, 7)}: it made ${OTHER.slice(0, 7)}.`],
])('%s: job and model say so, pages are told, and a restart changes nothing', async (_, value, result, line) => {
  const dataDir = join(await newFolder(), 'data')
  const { store, agent, ask } = await withModel({ dataDir })
  const page = await openTestPage(store)
  const { json: job } = await ask()
  await agent.finish(await agent.next('run'), value, 0.45)
  await page.next('model', ({ model }) => model.sha1 === SHA1 && model.reproduced?.job === job.id)
  await page.next('job', (message) => message.job.reproduces?.result?.isSame === result.isSame)
  const seen = async (of: typeof store) =>
    Promise.all([`jobs/${job.id}`, `models/${SHA1}`].map(async (path) => (await call(of, 'GET', `/api/${path}`)).json))
  const [told, model] = await seen(store)
  expect(told.reproduces.result).toMatchObject(result)
  expect(model.reproduced).toEqual({ job: job.id, ...told.reproduces.result })
  const { items } = (await call(store, 'GET', `/api/jobs/${job.id}/log`)).json
  expect(items.map(({ text }: { text: string }) => text)).toContain(line)
  await store.close()

  expect(await checkFolder(dataDir)).toEqual([])
  expect(await seen(await startTestStore({ dataDir }))).toEqual([told, model])
})

test('a verdict that does not fit its trial is found by fsck', async () => {
  const dataDir = join(await newFolder(), 'data')
  const { store, agent, ask } = await withModel({ dataDir })
  const { json: job } = await ask()
  await agent.finish(await agent.next('run'), 2, 0.45)
  await store.close()
  const path = `jobs/${job.id}/job.json`
  await edit(join(dataDir, path), (value) => Object.assign(Object(value.job).reproduces.result, { isSame: true }))
  await edit(join(dataDir, `models/${SHA1}/model.json`), (value) =>
    Object.assign(Object(value.model).reproduced, { sha1: SHA1 }),
  )
  const found = await checkFolder(dataDir)
  expect(found.map(({ level, at }) => [level, at]).sort()).toEqual([
    ['problem', `${path} reproduces`],
    ['problem', `models/${SHA1}/model.json reproduced`],
  ])
})

const leave = async ({ agent }: Awaited<ReturnType<typeof withModel>>) => {
  agent.send({ type: 'goodbye' })
  await agent.close()
}
const comeBack = async ({ store }: Awaited<ReturnType<typeof withModel>>, over: Readonly<Record<string, unknown>>) => {
  const next = await fakeAgent(store, 'next')
  await next.join('pets', over)
}
test.each<[string, (made: Awaited<ReturnType<typeof withModel>>) => Promise<unknown>, number, string, RegExp]>([
  ['whose notebook is gone', leave, 409, 'E_GONE', /notebook pets: expected a running kernel/],
  [
    'whose notebook was forgotten',
    async (made) => {
      await leave(made)
      await call(made.store, 'DELETE', '/api/notebooks/pets')
    },
    409,
    'E_GONE',
    /notebook pets: expected a running kernel/,
  ],
  [
    'whose notebook has other classes now',
    async (made) => {
      await leave(made)
      await comeBack(made, { task: { ...TEST_TASK, classNames: ['cat', 'owl'] } })
    },
    409,
    'E_TASK',
    /expected the classes cat, dog, got cat, owl/,
  ],
  [
    'whose notebook is of another task now',
    async (made) => {
      await leave(made)
      await comeBack(made, { task: { ...TEST_TASK, name: 'birds' } })
    },
    409,
    'E_TASK',
    /expected task pets, got task birds/,
  ],
  [
    'whose notebook has lost a hyperparameter',
    async (made) => {
      await leave(made)
      await comeBack(made, { schema: fieldsOf({ EPOCHS: 1, LEARNING_RATE: [0.001] }) })
    },
    409,
    'E_STATE',
    /NUM_FILTERS: expected a hyperparameter that the notebook still has/,
  ],
  [
    'with a value that is out of range now',
    async (made) => {
      await leave(made)
      await comeBack(made, {
        schema: fieldsOf({ EPOCHS: { min: 1, max: 2, default: 1 }, LEARNING_RATE: [0.001], NUM_FILTERS: [20] }),
      })
    },
    422,
    'E_CONFIG',
    /EPOCHS: expected an integer from 1 to 2, got 3/,
  ],
])('a model %s is refused with what is wrong, and nothing is launched', async (_, change, status, code, message) => {
  const made = await withModel()
  await change(made)
  const answer = await made.ask()
  expect(answer).toMatchObject({ status, json: { error: { code, message: expect.stringMatching(message) } } })
  expect((await call(made.store, 'GET', '/api/jobs')).json.items).toHaveLength(1)
})

test('unknown models, damaged weights, and a model without its trial are refused', async () => {
  const dataDir = join(await newFolder(), 'data')
  const { store, ask } = await withModel({ dataDir })
  expect(await ask('a'.repeat(40))).toMatchObject({ status: 404, json: { error: { code: 'E_NOT_FOUND' } } })
  const { items } = (await call(store, 'GET', '/api/jobs')).json
  await rm(join(dataDir, blobOf(SHA1)))
  expect(await ask()).toMatchObject({
    status: 409,
    json: {
      error: { code: 'E_STATE', expected: 'weights that are intact', got: expect.stringContaining('to heal them') },
    },
  })
  await upload(store, weightsOf(1))
  await store.close()
  await rm(join(dataDir, `jobs/${items[0].id}`), { recursive: true })
  const later = await startTestStore({ dataDir })
  expect(await call(later, 'POST', `/api/models/${SHA1}/reproduce`)).toMatchObject({
    status: 409,
    json: { error: { code: 'E_STATE', got: 'one without its trial' } },
  })
})

test('a late attempt of a reproduction settles nothing', async () => {
  const { store, agent, ask } = await withModel()
  const { json: job } = await ask()
  const run = await agent.next('run')
  agent.send({ type: 'goodbye' })
  const next = await fakeAgent(store, 'next')
  await next.join('pets')
  const again = await next.next('run')
  const late = await fakeAgent(store, 'kernel')
  await upload(store, weightsOf(2))
  expect(await late.answer(late.done(run, reportOf(OTHER, 0.5)))).toMatchObject({ type: 'ack' })
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json.reproduces.result).toBeNull()
  await next.finish(again, 1, 0.5)
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json.reproduces.result).toMatchObject({ isSame: true })
})
