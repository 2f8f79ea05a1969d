import { expect, test } from 'vitest'
import { call, fakeAgent, logRecord, metricRecord, sha1Of, weightsOf } from './testing/fakeAgent.ts'
import { openTestDemo, openTestPage, startTestStore } from './testing/testStore.ts'

test('a launched job goes from the page through the notebook to a deployed model, and the log tells it', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  expect(await page.next('snapshot')).toMatchObject({
    notebooks: [],
    jobs: [],
    totals: { jobs: 0, models: 0, sizeBytes: 0 },
  })
  const demo = await openTestDemo(store)
  const agent = await fakeAgent(store)
  expect(await agent.join('pets')).toMatchObject({ name: 'pets', config: { EPOCHS: 1, SEED: null }, fenced: [] })
  expect(await page.next('notebook')).toMatchObject({ notebook: { name: 'pets', state: 'idle' } })

  const launched = await call(store, 'POST', '/api/jobs', {
    notebook: 'pets',
    config: { SEED: 7, NUM_FILTERS: [20, 40] },
  })
  expect(launched.status).toBe(201)
  const run = await agent.next('run')
  expect(run).toMatchObject({ trial: 0, attempt: 1, seed: 7, jobNumber: 1, trials: 2, params: { NUM_FILTERS: 20 } })
  const id = agent.records(run, 1, [logRecord('epoch 1'), metricRecord(1, 0.5)])
  expect(await agent.answer(id)).toMatchObject({ type: 'ack' })
  const verdict = await agent.finish(run, 1, 0.436)
  expect(verdict).toMatchObject({ deployed: true, code: 'deployed' })

  const second = await agent.next('run')
  expect(second).toMatchObject({ trial: 1, params: { NUM_FILTERS: 40 } })
  expect(await agent.finish(second, 2, 0.412)).toMatchObject({
    deployed: false,
    code: 'not-better',
    reason: '41.2 % ≤ 43.6 %',
  })

  const sha1 = sha1Of(weightsOf(1))
  expect(await demo.next('deployed')).toMatchObject({ current: { deployment: { revision: 1, sha1 }, model: { sha1 } } })
  expect(await page.next('deployment')).toMatchObject({ deployment: { sha1, by: 'auto', revision: 1 } })
  await page.next('job', ({ job }) => job.state === 'done')
  await page.next('notebook', ({ notebook }) => notebook.state === 'idle' && notebook.trialSeconds === 2)
  const log = await call(store, 'GET', `/api/jobs/${run.job}/log`)
  expect(log.json.items.map(({ seq, text }: { seq: number; text: string }) => `${seq} ${text}`)).toEqual([
    '1 Launched 2 trials, seed 7.',
    '2 epoch 1',
    `3 Uploaded ${sha1.slice(0, 7)} (0.1 kB), deployed: the first valid model of this task.`,
    `4 Uploaded ${sha1Of(weightsOf(2)).slice(0, 7)} (0.1 kB), not deployed: 41.2 % ≤ 43.6 %.`,
  ])
  const metrics = await call(store, 'GET', `/api/jobs/${run.job}/metrics`)
  expect(metrics.json.items).toEqual([{ seq: 1, trial: 0, attempt: 1, epoch: 1, step: 1, name: 'loss', value: 0.5 }])
  const weights = await fetch(`${store.url}/api/models/${sha1}/weights`, {
    headers: { authorization: `Bearer ${store.token}` },
  })
  expect(new Uint8Array(await weights.arrayBuffer())).toEqual(weightsOf(1))
})
