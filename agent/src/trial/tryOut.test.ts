import { adam, createTrainer } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { shapes } from '../datasets/drawn/shapes.ts'
import { subset } from '../datasets/subset.ts'
import { models } from '../models/index.ts'
import type { Trial } from '../types.ts'
import { tryOut } from './tryOut.ts'

const data = subset(await shapes({ imageSize: 8 }), { perClass: { train: 10, validation: 2, test: 4 } })
const CONF_OBJ = {
  EPOCHS: 2,
  BATCH_SIZE: 20,
  LEARNING_RATE: [0.01, 0.1],
  NUM_FILTERS: { default: [4], type: 'integer' },
} as const
const network = (filters: number) => models.cifarCnn({ imageSize: 8, classCount: 10, filters, denseWidth: 8 })
const loss = 'categoricalCrossentropy'

const train = async (trial: Trial) => {
  const { EPOCHS = 0, BATCH_SIZE = 0, LEARNING_RATE = 0, NUM_FILTERS = 0 } = trial.params
  const run = await trial.compile(network(NUM_FILTERS), { loss, optimizer: adam(LEARNING_RATE) })
  trial.log(`learning rate ${LEARNING_RATE}`)
  for await (const epoch of run.fit(data.train, { epochs: EPOCHS, batchSize: BATCH_SIZE, validation: data.validation }))
    trial.report(epoch)
  return run.evaluate(data.test)
}

test('a try trains as the engine does with the first value of each list and that seed', async () => {
  const lines: string[] = []
  const tried = await tryOut(train, CONF_OBJ, { seed: 3, log: (line) => lines.push(line) })
  const trainer = await createTrainer(network(4), { loss, optimizer: adam(0.01), seed: 3 })
  const losses: number[] = []
  const fit = { epochs: 2, batchSize: 20, validation: data.validation }
  for await (const { loss } of trainer.fit(data.train, fit)) losses.push(loss)
  expect(tried.epochs.map(({ loss }) => loss)).toEqual(losses)
  expect(tried.weights).toEqual(await trainer.weights())
  expect(tried.evaluation).toEqual(await trainer.evaluate(data.test))
  expect(lines).toEqual(['learning rate 0.01'])
  await trainer.close()
})

test('a function of several phases gives all their epochs, and the weights of the last', async () => {
  const tried = await tryOut(async (trial) => {
    const first = await trial.compile(network(4), { loss, optimizer: adam(0.01) })
    for await (const _ of first.fit(data.train, { epochs: 1, batchSize: 50 }));
    const initialWeights = await first.weights()
    const second = await trial.compile(network(4), { loss, optimizer: adam(0.001), initialWeights })
    expect(await second.weights()).toEqual(initialWeights)
    for await (const _ of second.fit(data.train, { epochs: 2, batchSize: 50 }));
    return second.evaluate(data.test)
  }, CONF_OBJ)
  expect(tried.epochs.map(({ epoch }) => epoch)).toEqual([1, 1, 2])
})

test('a trial that nobody launched knows its params, has no SEED among them, and no store', async () => {
  let seen: Trial | undefined
  const look = async (trial: Trial) => {
    seen = trial
    await trial.weights('a'.repeat(40))
    return train(trial)
  }
  const config = { ...CONF_OBJ, SEED: 5 }
  await expect(tryOut(look, config)).rejects.toMatchObject({ code: 'E_STORE', at: 'trial.weights' })
  expect(seen).toMatchObject({ seed: 0, index: 0, attempt: 1 })
  expect(seen?.params).toEqual({ EPOCHS: 2, BATCH_SIZE: 20, LEARNING_RATE: 0.01, NUM_FILTERS: 4 })
})

test.each<[string, Parameters<typeof tryOut>[0], object, RegExp]>([
  ['a function that compiles nothing', async () => ({}) as never, {}, /to compile a model/],
  ['wrong hyperparameters', train, { EPOCHS: 'two' }, /EPOCHS/],
  [
    'a function that forgets to return',
    async (trial) => void (await train(trial)) as never,
    CONF_OBJ,
    /return run.evaluate/,
  ],
])('%s is refused', async (_, fn, config, message) => {
  await expect(tryOut(fn, config as never, { log: () => undefined })).rejects.toThrow(message)
})

test('a signal that aborts ends the training with its reason', async () => {
  const stop = new AbortController()
  const reason = new Error('enough')
  const stopping = async (trial: Trial) => {
    stop.abort(reason)
    return train(trial)
  }
  await expect(tryOut(stopping, CONF_OBJ, { signal: stop.signal, log: () => undefined })).rejects.toBe(reason)
})
