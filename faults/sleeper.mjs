// A notebook in a process of its own, for sleep.slow.ts: trains one epoch, and goes on at a word of its parent.
import { once } from 'node:events'
import * as tf from '@tensorflow/tfjs'
import { connect, sgd } from '../agent/dist/index.js'

const [url, token] = process.argv.slice(2)

const told = once(process, 'message')
const CLASS_NAMES = ['dark', 'bright']

/** Pictures of 4 × 4 whose brightness is their class. */
function imagesOf(count) {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2)
  const images = Uint8Array.from({ length: count * 48 }, (_, i) => (labels[Math.floor(i / 48)] ? 170 : 40) + (i % 60))
  return { images, labels, height: 4, width: 4, channels: 3, classCount: 2 }
}

const model = () =>
  tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [4, 4, 3] }), tf.layers.dense({ units: 2, activation: 'softmax' })],
  })

const agent = await connect(url, { token })
await agent.register({
  name: 'bright',
  task: { name: 'bright', classNames: CLASS_NAMES, metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } },
  hyperparameters: { EPOCHS: 1, BATCH_SIZE: 10, LEARNING_RATE: [0.01] },
  async train(trial) {
    const { EPOCHS, BATCH_SIZE, LEARNING_RATE } = trial.params
    const run = await trial.compile(model(), { loss: 'categoricalCrossentropy', optimizer: sgd(LEARNING_RATE) })
    const validation = imagesOf(20)
    for await (const epoch of run.fit(imagesOf(100), { epochs: EPOCHS, batchSize: BATCH_SIZE, validation })) {
      trial.report(epoch)
      trial.log('an epoch is over')
      await told
    }
    return run.evaluate(imagesOf(40))
  },
})
await agent.serve()
