// Trainings on new data that begin with the weights of a stored model.
import { sgd } from '@pawprint/engine'
import type { Notebook } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { call, launchUntil } from '../testing/api.ts'
import { beginTrained, textOf } from '../testing/folders.ts'

test('begun with a stored model and not trained further, the weights are that model’s to the bit; without, they are others', async () => {
  const { folder, says, trainOn, store, first } = await beginTrained()
  const sha1 = first.trials[0]?.sha1
  await call(store, 'POST', '/api/notebooks/pets/config', { STEPS: 0 })
  await launchUntil(store, { SEED: 2, STEPS: 0 }, 'done', 'pets')
  await folder.put('cat', 20, 1)
  await says(({ found }) => found?.changes?.added === 1)
  const warm = await trainOn({ initialWeights: sha1 })
  expect(warm.trials[0]?.sha1).toBe(sha1)
  expect(await textOf(store, warm)).toMatch(
    /trial 1: begins with the weights of [0-9a-f]{7}: 2 of 2 layers begin with given weights/,
  )
  const cold = await trainOn()
  expect(cold.trials[0]?.sha1).not.toBe(sha1)
})

test('a class folder that appears: the notebook has the class, the head is drawn anew, and the log says so', async () => {
  const { folder, says, trainOn, store, first } = await beginTrained()
  await folder.put('owl', 200, 12)
  await says(({ found }) => found?.changes?.added === 12)
  const job = await trainOn({ initialWeights: first.trials[0]?.sha1 })
  expect(job.state).toBe('done')
  expect(await textOf(store, job)).toMatch(
    /1 of 2 layers begin with given weights.*drawn anew: dense_Dense\d+; without a place: dense_2; its classes were cat, dog$/m,
  )
  expect((await call<Notebook>(store, 'GET', '/api/notebooks/pets')).task.classNames).toEqual(['cat', 'dog', 'owl'])
  const model = await call<{ classNames: string[] }>(store, 'GET', `/api/models/${job.trials[0]?.sha1}`)
  expect(model.classNames).toEqual(['cat', 'dog', 'owl'])
})

test('a model of another network cannot be begun with: the trial fails and names the layer; weights that the notebook gives itself stay', async () => {
  const { folder, says, trainOn, store, notebook, agent, first } = await beginTrained()
  await agent.register({
    ...notebook,
    async train({ compile }, data) {
      const layers = [
        tf.layers.flatten({ inputShape: [8, 8, 3] }),
        tf.layers.dense({ units: 5 }),
        tf.layers.dense({ units: 2, activation: 'softmax' }),
      ]
      const run = await compile(tf.sequential({ layers }), { loss: 'categoricalCrossentropy', optimizer: sgd(0.1) })
      return run.evaluate(data.test)
    },
  })
  await folder.put('cat', 20, 1)
  await says(({ found }) => found?.changes?.added === 1)
  const job = await trainOn({ initialWeights: first.trials[0]?.sha1 })
  expect(job.trials[0]).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(
      /layer dense_Dense\d+: expected weights of shapes \[192,5\], \[5\].* got \[192,4\], \[4\]/,
    ),
  })
  expect((await says(({ found }) => found !== null)).newData?.found?.changes?.added).toBe(1)

  await agent.register({
    ...notebook,
    async train({ compile }, data) {
      const layers = [
        tf.layers.flatten({ inputShape: [8, 8, 3] }),
        tf.layers.dense({ units: 2, activation: 'softmax' }),
      ]
      const given = Float32Array.from({ length: 384 }, (_, i) => i / 1000)
      const initialWeights = [{ name: 'dense_1/kernel', shape: [192, 2], data: given }]
      const options = { loss: 'categoricalCrossentropy', optimizer: sgd(0.1), initialWeights } as const
      const run = await compile(tf.sequential({ layers }), options)
      expect((await run.weights())[0]?.data).toEqual(given)
      return run.evaluate(data.test)
    },
  })
  await says(({ found }) => found !== null)
  const own = await trainOn({ initialWeights: first.trials[0]?.sha1 })
  expect(own.state).toBe('done')
  expect(await textOf(store, own)).toMatch(
    /does not begin with the weights of [0-9a-f]{7}: the notebook gives others itself/,
  )
})
