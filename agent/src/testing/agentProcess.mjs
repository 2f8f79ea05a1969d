// An agent as a process of its own, the package as people install it: trains on dark and bright pictures, COUNT of them are the test set.
import { adam, connect } from '@pawprint/agent'
import * as tf from '@tensorflow/tfjs'

const images = (count) => {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2)
  const pixels = Uint8Array.from({ length: count * 48 }, (_, i) => (labels[Math.floor(i / 48)] ? 200 : 40))
  return { images: pixels, labels, height: 4, width: 4, channels: 3, classCount: 2 }
}
const train = async ({ params, compile }) => {
  const layers = [
    tf.layers.flatten({ inputShape: [4, 4, 3] }),
    tf.layers.dense({ units: 2, activation: 'softmax', useBias: false }),
  ]
  const run = await compile(tf.sequential({ layers }), { loss: 'categoricalCrossentropy', optimizer: adam(0.1) })
  for await (const _ of run.fit(images(40), { epochs: params.EPOCHS, batchSize: 10 }));
  return run.evaluate(images(params.COUNT))
}
const task = {
  name: 'bright',
  classNames: ['dark', 'bright'],
  metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 },
}
const agent = await connect(process.env.STORE)
await agent.register({ name: 'bright', task, hyperparameters: { EPOCHS: 2, COUNT: 40 }, train })
agent.serve({ progress: 'lines' })
