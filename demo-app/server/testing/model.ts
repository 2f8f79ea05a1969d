import { createHash } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { adam, createTrainer } from '@pawprint/engine'
import { type CurrentModel, type Preprocessing, type Sha1, TEST_ACCURACY, writeSafetensors } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { blobPath, currentPath } from '../folder.ts'

export const CLASS_NAMES = ['cat', 'dog', 'owl']
export const SIDE = 8

export interface TestModel {
  readonly bytes: Uint8Array
  readonly sha1: Sha1
  readonly topology: unknown
  readonly channels: 1 | 3
  /** Probabilities of one image by TensorFlow.js: the oracle. */
  predict(pixels: Uint8Array): Promise<number[]>
}

const hex = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex')

/** A tiny convolutional network with weights drawn from `seed`, as an agent would publish it. */
export async function makeModel(
  seed: number,
  channels: 1 | 3 = 3,
  classCount = CLASS_NAMES.length,
): Promise<TestModel> {
  const draw = (offset: number) => tf.initializers.randomNormal({ mean: 0, stddev: 0.8, seed: seed * 10 + offset })
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        inputShape: [SIDE, SIDE, channels],
        kernelInitializer: draw(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: classCount, activation: 'softmax', kernelInitializer: draw(2) }),
    ],
  })
  const options = { loss: 'categoricalCrossentropy', optimizer: adam(0.001), seed, initialWeights: 'model' } as const
  const trainer = await createTrainer(model, options)
  const bytes = writeSafetensors(await trainer.weights())
  await trainer.close()
  return {
    bytes,
    sha1: hex('sha1', bytes) as Sha1,
    topology: trainer.topology,
    channels,
    async predict(pixels) {
      const input = tf.tensor4d(
        Float32Array.from(pixels, (value) => value / 255),
        [1, SIDE, SIDE, channels],
      )
      return [...(await (model.predict(input) as tf.Tensor).data())]
    },
  }
}

export interface Deploying {
  readonly task?: string
  readonly revision?: number
  readonly accuracy?: number
  readonly preprocessing?: Partial<Preprocessing>
  readonly classNames?: string[]
}

/** What the store writes to current.json for this model. */
export function currentOf(made: TestModel, deploying: Deploying = {}): CurrentModel {
  const { task = 'pets', revision = 1, accuracy = 0.436, preprocessing, classNames = CLASS_NAMES } = deploying
  const at = new Date(Date.UTC(2027, 4, 3, 12, 0, revision)).toISOString()
  const channels = made.channels
  return {
    deployment: { task, revision, sha1: made.sha1, at, by: 'auto', reason: 'first model' },
    task: { name: task, classNames, metric: TEST_ACCURACY },
    topology: made.topology,
    model: {
      sha1: made.sha1,
      sha256: hex('sha256', made.bytes),
      sizeBytes: made.bytes.length,
      task,
      classNames,
      metrics: { testAccuracy: accuracy },
      parameterCount: 1,
      testSet: { fingerprint: '0'.repeat(64), count: 10_000 },
      engine: 'test',
      preprocessing: {
        width: SIDE,
        height: SIDE,
        channels: channels === 3 ? 'rgb' : 'grey',
        fit: 'fill',
        kernel: 'lanczos3',
        scale: 1 / 255,
        mean: Array(channels).fill(0),
        std: Array(channels).fill(1),
        ...preprocessing,
      },
      origins: [],
      params: {},
      seed: 1,
      finite: true,
      createdAt: at,
      verdict: { deployed: true, code: 'deployed', reason: 'first model', at },
    },
  }
}

/** Puts a file in place at once, as the store does. */
export async function put(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.new`, bytes)
  await rename(`${path}.new`, path)
}

/** Deploys into a folder: weights, then current.json. `bytes`: what lies in the weights' place, by default the weights. */
export async function deploy(
  folder: string,
  made: TestModel,
  deploying: Deploying = {},
  bytes = made.bytes,
): Promise<void> {
  await put(blobPath(folder, made.sha1), bytes)
  await put(currentPath(folder, deploying.task ?? 'pets'), JSON.stringify(currentOf(made, deploying)))
}
