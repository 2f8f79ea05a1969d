import { sgd } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightNotebook, openTestAgent, upsampledModel } from './testing/agents.ts'
import { launchUntil, logOf } from './testing/api.ts'

test('a model that only TensorFlow.js can run is trained, and log and display say so once', async () => {
  const store = await startTestStore()
  const { agent, events } = openTestAgent(store)
  const notebook = brightNotebook(undefined, upsampledModel)
  const options = { loss: 'categoricalCrossentropy', optimizer: sgd(0.1) } as const
  await agent.register({
    ...notebook,
    async train(trial, ...rest) {
      await trial.compile(upsampledModel(), options)
      return notebook.train(trial, ...rest)
    },
  })
  agent.serve()
  const job = await launchUntil(store, { SEED: 5 }, 'done')
  const notice = /^trial 1: Plain TensorFlow\.js runs this model, since the engine has no .*UpSampling2D/
  const lines = (await logOf(store, job.id)).filter(({ text }) => notice.test(text))
  expect(lines).toMatchObject([{ level: 'warn', trial: 0 }])
  expect(events.filter((event) => event.type === 'notice' && notice.test(event.text))).toHaveLength(1)
})
