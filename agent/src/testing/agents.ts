import { randomUUID } from 'node:crypto'
import * as tf from '@tensorflow/tfjs'
import { onTestFinished } from 'vitest'
import type { RunningStore } from '../../../store-server/src/index.ts'
import { openAgent } from '../agent.ts'
import { TIMES, type Times } from '../times.ts'
import type { Agent, NotebookDefinition, Task, Trial } from '../types.ts'
import { EMPTY_BOARD, type ViewEvent } from '../view/board.ts'
import type { World } from '../world.ts'

export const TASK: Task = {
  name: 'bright',
  classNames: ['dark', 'bright'],
  metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 },
}

/** Pictures of 4 × 4 whose brightness is their class: a network of one layer learns them. */
export function brightImages(count: number) {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2)
  const images = Uint8Array.from(
    { length: count * 48 },
    (_, i) => (labels[Math.floor(i / 48)] ? 170 : 40) + ((i * 7) % 60),
  )
  return { images, labels, height: 4, width: 4, channels: 3, classCount: 2 }
}

export const brightModel = () =>
  tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [4, 4, 3] }), tf.layers.dense({ units: 2, activation: 'softmax' })],
  })

/** The same, with a layer that the engine does not know. */
export const upsampledModel = () =>
  tf.sequential({
    layers: [
      tf.layers.upSampling2d({ size: [2, 2], inputShape: [4, 4, 3] }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  })

export const HYPERPARAMETERS = { EPOCHS: 1, BATCH_SIZE: 10, LEARNING_RATE: [0.01] }

/** A notebook as people write it. `between` runs after each epoch. */
export const brightNotebook = (
  between: (trial: Trial) => Promise<void> = async () => {},
  model = brightModel,
): NotebookDefinition => ({
  name: 'bright',
  task: TASK,
  hyperparameters: HYPERPARAMETERS,
  async train(trial) {
    const { EPOCHS = 1, BATCH_SIZE = 1, LEARNING_RATE = 0.01 } = trial.params
    const optimizer = { type: 'sgd', learningRate: LEARNING_RATE, momentum: 0 } as const
    const run = await trial.compile(model(), { loss: 'categoricalCrossentropy', optimizer })
    const validation = brightImages(20)
    for await (const epoch of run.fit(brightImages(100), { epochs: EPOCHS, batchSize: BATCH_SIZE, validation })) {
      trial.report(epoch)
      await between(trial)
    }
    return run.evaluate(brightImages(40))
  },
})

export interface TestAgent {
  readonly agent: Agent
  readonly welcomed: Promise<void>
  /** What it told its screen, and what it printed before. */
  readonly events: ViewEvent[]
  readonly printed: string[]
}

/** Short waits. */
export const TEST_TIMES: Times = {
  ...TIMES,
  batchMs: 5,
  reconnect: { firstMs: 5, maxMs: 20 },
  farewellMs: 1000,
  watch: { settleMs: 20, lookAnywayMs: 1000 },
}

/** An agent with short waits that ends with the test. `url` may be a proxy's. */
export function openTestAgent(store: RunningStore, url = store.url, change: Partial<World> = {}): TestAgent {
  const events: ViewEvent[] = []
  const printed: string[] = []
  const { agent, welcomed } = openAgent({
    address: { socketUrl: `${url.replace('http', 'ws')}/ws`, httpUrl: url, token: store.agentToken },
    identity: { instance: randomUUID(), host: 'here', pid: process.pid, cores: 2, slots: 2 },
    times: TEST_TIMES,
    nextId: randomUUID,
    wallMs: Date.now,
    nowMs: () => performance.now(),
    random: Math.random,
    isAlive: () => true,
    print: (line) => printed.push(line),
    openScreen: () => ({ show: (event) => events.push(event), close: () => EMPTY_BOARD }),
    keepAlive: { hold: () => undefined, release: () => undefined },
    ownsProcess: false,
    later: () => () => undefined,
    kernelStays: false,
    exitAfterIdle: undefined,
    onServing: () => undefined,
    ...change,
  })
  // Tests that care look at `welcomed` themselves.
  welcomed.catch(() => undefined)
  onTestFinished(() => agent.close())
  return { agent, welcomed, events, printed }
}
