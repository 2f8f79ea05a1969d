import { type Metrics, type ModelEvaluation, type Task, TEST_ACCURACY, type Verdict } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { call, fakeAgent, reportOf, TEST_TASK, upload, weightsOf } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'

/** A store whose notebook has this task; each model is told by its weights' one value, its metrics and its evaluation. */
async function begin(task: Task) {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets', { task })
  const train = async (
    value: number,
    metrics: Metrics,
    evaluation: ModelEvaluation | null = null,
  ): Promise<Verdict> => {
    await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
    const run = await agent.next('run')
    const sha1 = await upload(store, weightsOf(value))
    const report = { ...reportOf(sha1, 0.5), metrics: { testAccuracy: 0.5, ...metrics }, evaluation }
    expect(await agent.answer(agent.done(run, report))).toMatchObject({ type: 'ack' })
    return (await agent.next('verdict', (verdict) => verdict.job === run.job)).verdict
  }
  return { store, agent, train }
}
const taskBy = (name: string, direction: 'max' | 'min'): Task => ({
  ...TEST_TASK,
  metric: { name, direction, min: 0, max: 1 },
})

test('a task that names testMacroF1 has the models promoted by it, whatever their accuracy', async () => {
  const { train } = await begin(taskBy('testMacroF1', 'max'))
  expect(await train(1, { testMacroF1: 0.5, testAccuracy: 0.9 })).toMatchObject({ deployed: true })
  expect(await train(2, { testMacroF1: 0.4, testAccuracy: 0.95 })).toMatchObject({ code: 'not-better' })
  expect(await train(3, { testMacroF1: 0.6, testAccuracy: 0.1 })).toMatchObject({ reason: '60.0 % > 50.0 %' })
  expect(await train(4, {})).toMatchObject({ code: 'out-of-range', reason: 'no testMacroF1 was reported' })
})

test('a task that names testEce, less is better, has the better calibrated model promoted', async () => {
  const { train } = await begin(taskBy('testEce', 'min'))
  expect(await train(1, { testEce: 0.1 })).toMatchObject({ deployed: true })
  expect(await train(2, { testEce: 0.2 })).toMatchObject({ code: 'not-better', reason: '20.0 % ≥ 10.0 %' })
  expect(await train(3, { testEce: 0.05 })).toMatchObject({ deployed: true, reason: '5.0 % < 10.0 %' })
})

const CATS_MISSED: ModelEvaluation = {
  confusion: [
    [2, 3],
    [0, 5],
  ],
}
const CATS_FOUND: ModelEvaluation = {
  confusion: [
    [4, 1],
    [2, 3],
  ],
}

test('a model that misses a requirement is not deployed by itself, and may be by hand; the requirements last registered hold', async () => {
  const requirements = [{ metric: 'recall', className: 'cat', min: 0.6 }]
  const { store, agent, train } = await begin({ ...TEST_TASK, requirements })
  expect((await call(store, 'GET', '/api/tasks/pets')).json).toMatchObject({ requirements })
  expect(await train(1, { testAccuracy: 0.7 }, CATS_MISSED)).toMatchObject({
    deployed: false,
    code: 'requirement',
    reason: 'recall of cat is 0.40, the task asks for at least 0.60',
  })
  expect(await train(2, { testAccuracy: 0.6 }, CATS_FOUND)).toMatchObject({ deployed: true })
  const { items } = (await call(store, 'GET', '/api/models')).json
  const byHand = await call(store, 'POST', '/api/tasks/pets/deployments', { sha1: items[1].sha1 })
  expect(byHand.status).toBe(201)
  await agent.join('pets', { task: { ...TEST_TASK, metric: TEST_ACCURACY } })
  expect((await call(store, 'GET', '/api/tasks/pets')).json).not.toHaveProperty('requirements')
  expect(await train(3, { testAccuracy: 0.8 }, CATS_MISSED)).toMatchObject({ deployed: true })
})

test('weights that are made and measured again have the evaluation that goes with their metrics', async () => {
  const { store, train } = await begin(TEST_TASK)
  await train(1, { testAccuracy: 0.7 }, CATS_MISSED)
  await train(1, { testAccuracy: 0.6 }, CATS_FOUND)
  const { sha1, metrics } = (await call(store, 'GET', '/api/models')).json.items[0]
  expect(metrics.testAccuracy).toBe(0.6)
  expect((await call(store, 'GET', `/api/models/${sha1}/evaluation`)).json).toEqual(CATS_FOUND)
})
