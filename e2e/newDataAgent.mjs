// A notebook as plain Node runs it: it watches the folder of its first argument.
import { adam, connect, datasets } from '@pawprint/agent'
import * as tf from '@tensorflow/tfjs'

const data = await datasets.imageFolder(process.argv[2], { imageSize: 8, testSplit: 0.4, name: 'pets', log: () => {} })
const train = async (trial, data) => {
  const layers = [
    tf.layers.flatten({ inputShape: [8, 8, 3] }),
    tf.layers.dense({ units: data.task.classNames.length, activation: 'softmax' }),
  ]
  const options = { loss: 'categoricalCrossentropy', optimizer: adam(trial.params.LEARNING_RATE) }
  const run = await trial.compile(tf.sequential({ layers }), options)
  for await (const epoch of run.fit(data.train, { epochs: 1, batchSize: 4 })) trial.report(epoch)
  return run.evaluate(data.test)
}
const agent = await connect(process.env.PAWPRINT_STORE)
await agent.register({ name: 'pets', task: data.task, hyperparameters: { LEARNING_RATE: [0.01] }, train, data })
agent.serve()
