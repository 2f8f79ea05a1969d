import { createHash } from 'node:crypto'
import { type Model, type ModelEvaluation, readSafetensors, type TaskStatus } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightImages, brightNotebook, openTestAgent, TASK } from './testing/agents.ts'
import { call, launch, launchUntil, logOf } from './testing/api.ts'

/** The network has one layer, so its answers follow from its weights by a sum per class. */
function accuracyByHand(file: Uint8Array): number {
  const [kernel, bias] = readSafetensors(file)
  const { images, labels } = brightImages(40)
  const right = [...labels].filter((label, image) => {
    const [dark = 0, bright = 0] = [0, 1].map((unit) => {
      const products = Array.from(
        { length: 48 },
        (_, i) => ((images[image * 48 + i] ?? 0) / 255) * (kernel?.data[2 * i + unit] ?? 0),
      )
      return products.reduce((sum, product) => sum + product, bias?.data[unit] ?? 0)
    })
    return (bright > dark ? 1 : 0) === label
  })
  return right.length / labels.length
}

test('a launched grid is trained, uploaded and deployed, and the weights in the store give the reported accuracy', async () => {
  const store = await startTestStore()
  const { agent, events } = openTestAgent(store)
  // Both are met by any model that was measured.
  const requirements = [
    { metric: 'recall', className: 'bright', min: 0 },
    { metric: 'latencyMs', min: 0 },
  ]
  await agent.register({ ...brightNotebook(), task: { ...TASK, requirements } })
  agent.serve()
  const job = await launchUntil(store, { LEARNING_RATE: [0.1, 0.2], EPOCHS: 2, SEED: 5 }, 'done')

  expect(job.trials.map(({ state }) => state)).toEqual(['done', 'done'])
  const sha1 = job.trials[0]?.sha1 ?? ''
  const model = await call<Model>(store, 'GET', `/api/models/${sha1}`)
  const answer = await fetch(`${store.url}/api/models/${sha1}/weights`, {
    headers: { authorization: `Bearer ${store.token}` },
  })
  const bytes = new Uint8Array(await answer.arrayBuffer())
  expect(createHash('sha1').update(bytes).digest('hex')).toBe(sha1)
  expect(accuracyByHand(bytes)).toBe(model.metrics.testAccuracy)
  expect(model).toMatchObject({
    task: 'bright',
    classNames: ['dark', 'bright'],
    seed: 5,
    parameterCount: 48 * 2 + 2,
    preprocessing: { width: 4, height: 4, channels: 'rgb', fit: 'fill', kernel: 'lanczos3', scale: 1 / 255 },
    testSet: { count: 40 },
  })
  const { confusion = [], classes = [] } = await call<ModelEvaluation>(store, 'GET', `/api/models/${sha1}/evaluation`)
  expect(confusion.flat().reduce((sum, count) => sum + count)).toBe(40)
  const right = (confusion[0]?.[0] ?? 0) + (confusion[1]?.[1] ?? 0)
  expect(right / 40).toBe(model.metrics.testAccuracy)
  expect(classes.map(({ recall }) => recall)).toEqual(confusion.map((row, c) => (row[c] ?? 0) / 20))
  expect((await call<TaskStatus>(store, 'GET', '/api/tasks/bright')).current).not.toBeNull()
  expect(events.filter(({ type }) => type === 'verdict')).toHaveLength(2)
})

test('the same seed gives the same sha1, whatever the trials beside it', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  await agent.register(brightNotebook())
  agent.serve()
  const together = await launchUntil(store, { LEARNING_RATE: [0.1, 0.2], SEED: 7 }, 'done')
  const alone = await launchUntil(store, { LEARNING_RATE: 0.2, SEED: 7 }, 'done')
  expect(alone.trials[0]?.sha1).toBe(together.trials[1]?.sha1)
})

test('the log tells parameters, batches, epochs and the result, numbered without gaps', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  await agent.register(brightNotebook(async (trial) => console.log('learning rate', trial.params.LEARNING_RATE)))
  agent.serve()
  const job = await launchUntil(store, { EPOCHS: 2, SEED: 1 }, 'done')
  const lines = await logOf(store, job.id)
  const texts = lines.map(({ text }) => text)
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1))
  expect(texts).toContain('trial 1: EPOCHS 2, BATCH_SIZE 10, LEARNING_RATE 0.01, seed 1')
  expect(
    texts.filter((text) => /^trial 1: batch \d+ of 20, loss \d\.\d{3}, accuracy \d+\.\d %$/.test(text)).length,
  ).toBeGreaterThan(0)
  expect(texts.filter((text) => /^trial 1: epoch [12] of 2: loss .*validation accuracy/.test(text))).toHaveLength(2)
  expect(texts.filter((text) => text === 'trial 1: learning rate 0.01')).toHaveLength(2)
  expect(texts.find((text) => text.startsWith('trial 1: trained in'))).toMatch(/test accuracy \d+\.\d %$/)
})

const NOT_AN_EVALUATION: [string, () => Promise<unknown>, RegExp][] = [
  ['returns nothing', async () => undefined, /return the evaluation.*undefined/],
  ['returns its own object', async () => ({ accuracy: 1 }), /another object/],
  ['throws', async () => Promise.reject(new RangeError('no memory')), /RangeError: no memory \(at /],
]
test.each(NOT_AN_EVALUATION)(
  'a train function that %s fails its trial for good, and says why',
  async (_, train, reason) => {
    const store = await startTestStore()
    const { agent } = openTestAgent(store)
    await agent.register({ ...brightNotebook(), train: train as never })
    agent.serve()
    const job = await launchUntil(store, {}, 'failed')
    expect(job.trials[0]).toMatchObject({ state: 'failed', attempt: 1 })
    expect(job.trials[0]?.reason).toMatch(reason)
    expect((await logOf(store, job.id)).some(({ level }) => level === 'error')).toBe(true)
  },
)

test('a stop from the page ends a train function even while it waits for what never comes', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  const page = await openTestPage(store)
  await agent.register(brightNotebook(() => new Promise(() => undefined)))
  agent.serve()
  const { id } = await launch(store, { EPOCHS: 5 })
  await page.next('trial', ({ trial }) => trial.state === 'running' && trial.progress > 0)
  await call(store, 'POST', `/api/jobs/${id}/stop`)
  const { job } = await page.next('job', ({ job }) => job.state === 'cancelled')
  expect(job.trials[0]?.reason).toBe('stopped by a person')
})

test('agent.stop() from a cell cancels what is under way, and the notebook is idle again', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  const page = await openTestPage(store)
  await agent.register(brightNotebook(() => new Promise(() => undefined)))
  agent.serve()
  await launch(store, { EPOCHS: 5, LEARNING_RATE: [0.1, 0.2] })
  await page.next('trial', ({ trial }) => trial.progress > 0)
  await agent.stop()
  await page.next('job', ({ job }) => job.state === 'cancelled')
  await page.next('notebook', ({ notebook }) => notebook.state === 'idle')
})

test('jobs wait until the notebook serves', async () => {
  const store = await startTestStore()
  const { agent, events } = openTestAgent(store)
  const page = await openTestPage(store)
  await agent.register(brightNotebook())
  await launch(store, {})
  await page.next('job', ({ job }) => job.state === 'running')
  expect(events).toEqual([])
  agent.serve()
  await page.next('job', ({ job }) => job.state === 'done')
})

test('a second live kernel with the same name gets a suffix and is told so', async () => {
  const store = await startTestStore()
  await openTestAgent(store).agent.register(brightNotebook())
  const second = openTestAgent(store)
  await second.agent.register(brightNotebook())
  expect(second.agent.name).toBe('bright-2')
  expect(second.printed).toEqual(['bright is the name of another live notebook: this one is registered as bright-2'])
})

test('registering again in the same kernel replaces what was offered and keeps the name', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  await agent.register(brightNotebook())
  await agent.register({
    ...brightNotebook(),
    hyperparameters: { ...{ EPOCHS: 3, BATCH_SIZE: 5, LEARNING_RATE: [0.1] } },
  })
  const { items } = await call<{ items: { name: string; config: object }[] }>(store, 'GET', '/api/notebooks')
  expect(items.map(({ name }) => name)).toEqual(['bright'])
})

test('a closed agent is gone at the store, and its calls are refused', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const { agent } = openTestAgent(store)
  await agent.register(brightNotebook())
  await agent.close()
  await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
  await expect(agent.register(brightNotebook())).rejects.toMatchObject({ code: 'E_CLOSED' })
})

test('a wrong token is final, and says so', async () => {
  const store = await startTestStore()
  const { welcomed } = openTestAgent({ ...store, agentToken: 'wrong' })
  await expect(welcomed).rejects.toMatchObject({
    code: 'E_REFUSED',
    got: expect.stringContaining('does not know this token'),
  })
})

test.each([
  [{ name: 'Bad Task' }, /name/],
  [{ classNames: ['one'] }, /classNames/],
])('a task that the store could not keep is refused before it is sent: %j', async (wrong, message) => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  const notebook = brightNotebook()
  await expect(agent.register({ ...notebook, task: { ...notebook.task, ...wrong } })).rejects.toThrow(message)
})
