import { readSafetensors } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { freeze, loadPretrained } from './models/index.ts'
import { brightImages, brightNotebook, openTestAgent, TASK } from './testing/agents.ts'
import { launchUntil, logOf } from './testing/api.ts'
import type { NotebookDefinition, Trial } from './types.ts'

const OPTIONS = { loss: 'categoricalCrossentropy', optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0 } } as const

/** An encoder that both tasks have, and a head for some classes. */
const network = (classes: number): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [4, 4, 3] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: classes, activation: 'softmax' }),
    ],
  })

const notebook = (
  task: string,
  train: NotebookDefinition['train'],
  classNames = TASK.classNames,
): NotebookDefinition => ({
  ...brightNotebook(),
  task: { ...TASK, name: task, classNames },
  train,
})

async function trainOn(trial: Trial, classes: number, sha1?: string) {
  const model = network(classes)
  const begun = sha1 === undefined ? undefined : await loadPretrained(freeze(model), await trial.weights(sha1))
  const run = await trial.compile(model, { ...OPTIONS, ...(begun && { initialWeights: begun.weights }) })
  const data = { ...brightImages(100), classCount: classes }
  for await (const epoch of run.fit(data, { epochs: 1, batchSize: 10 })) trial.report(epoch)
  return run.evaluate({ ...brightImages(40), classCount: classes })
}

test('an encoder of one task’s model begins another’s: by its SHA-1, with the agent’s own token', async () => {
  const store = await startTestStore()
  const weightsOf = async (sha1: string) => {
    const headers = { authorization: `Bearer ${store.token}` }
    const answer = await fetch(`${store.url}/api/models/${sha1}/weights`, { headers })
    return readSafetensors(new Uint8Array(await answer.arrayBuffer()))
  }
  const { agent } = openTestAgent(store)
  await agent.register(notebook('bright', (trial) => trainOn(trial, 2)))
  agent.serve()
  const first = (await launchUntil(store, {}, 'done')).trials[0]?.sha1 ?? ''
  await agent.close()
  const { agent: second } = openTestAgent(store)
  await second.register(notebook('other', (trial) => trainOn(trial, 3, first), ['dark', 'bright', 'neither']))
  second.serve()
  const job = await launchUntil(store, {}, 'done')
  const [source, made] = await Promise.all([weightsOf(first), weightsOf(job.trials[0]?.sha1 ?? '')])
  expect(made.slice(0, 2)).toEqual(source.slice(0, 2))
  expect(made.at(-1)?.shape).toEqual([3])
  expect((await logOf(store, job.id)).map(({ text }) => text)).toContain(`trial 1: has weights ${first} from the store`)
})

test('what is no SHA-1, and weights that the store does not have, fail a trial, and say why', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  const asked = ['abc', 'a'.repeat(40)]
  await agent.register(notebook('bright', (trial) => trainOn(trial, 2, asked[trial.index])))
  agent.serve()
  const { trials } = await launchUntil(store, { LEARNING_RATE: [0.1, 0.2] }, 'failed')
  expect(trials[0]?.reason).toMatch('trial.weights: expected a SHA-1, 40 hex digits, got "abc"')
  expect(trials[1]?.reason).toMatch(/GET \/api\/models\/a+\/weights: expected .*, got 404/)
})
