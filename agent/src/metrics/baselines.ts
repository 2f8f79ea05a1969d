import { adam, createTrainer, type ImageSet } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'
import { seededRandom, shuffle } from '../datasets/random.ts'
import { type Predictions, predictionsOf } from './predictions.ts'

/** What a model must beat to be worth its weights. */
export interface Baseline {
  readonly name: string
  readonly predictions: Predictions
}

export interface LinearOptions {
  /** Which training images are drawn, and in which order; an integer, 0 ≤ seed < 2³², default 0. */
  readonly seed?: number
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Names the most frequent class of the training set, whatever the picture; its probabilities are the frequencies there. */
export function majorityBaseline(train: Pick<ImageSet, 'labels' | 'classCount'>, test: ImageSet): Baseline {
  const { labels, classCount } = train
  const frequencies = new Float32Array(classCount)
  for (const label of labels) frequencies[label] = (frequencies[label] ?? 0) + 1 / labels.length
  const probabilities = new Float32Array(test.labels.length * classCount)
  for (let i = 0; i < test.labels.length; i++) probabilities.set(frequencies, i * classCount)
  return { name: 'majority class', predictions: predictionsOf(test, { probabilities }) }
}

/** The budget of `linearBaseline`: seconds, whatever the data set. */
const MAX_IMAGES = 5000
const MAX_BYTES = 64 * 1024 * 1024
const EPOCHS = 10
const BATCH_SIZE = 32

/**
 * Multinomial logistic regression on the pixels, trained by the engine: all that can be told without looking at shapes. It sees 10
 * times up to 5,000 training images (fewer of large ones: 64 MiB), drawn by `seed`. The same arguments give the same probabilities.
 */
export async function linearBaseline(train: ImageSet, test: ImageSet, options: LinearOptions = {}): Promise<Baseline> {
  const { seed = 0, signal } = options
  const { height, width, channels, classCount } = train
  const pixels = height * width * channels
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [height, width, channels] }),
      tf.layers.dense({ units: classCount, activation: 'softmax', kernelInitializer: 'zeros' }),
    ],
  })
  const half = new Array<number>(channels).fill(0.5)
  const trainer = await createTrainer(model, {
    loss: 'categoricalCrossentropy',
    // A step moves each weight by about the rate, and so an output by the rate times the number of pixels.
    optimizer: adam(Math.min(0.001, 1 / pixels)),
    normalisation: { scale: 1 / 255, mean: half, std: half },
    seed,
  })
  try {
    const some = drawImages(train, Math.min(MAX_IMAGES, Math.max(1, Math.floor(MAX_BYTES / pixels))), seed)
    const batchSize = Math.min(BATCH_SIZE, some.labels.length)
    for await (const _ of trainer.fit(some, {
      epochs: EPOCHS,
      batchSize,
      ...(signal === undefined ? {} : { signal }),
    }));
    return { name: 'linear on pixels', predictions: predictionsOf(test, await trainer.evaluate(test)) }
  } finally {
    await trainer.close()
    model.dispose()
  }
}

/** Both baselines, the weaker one first. */
export const baselinesOf = async (
  train: ImageSet,
  test: ImageSet,
  options: LinearOptions = {},
): Promise<Baseline[]> => [majorityBaseline(train, test), await linearBaseline(train, test, options)]

/** At most `most` images of a set, drawn without replacement. */
function drawImages(data: ImageSet, most: number, seed: number): ImageSet {
  const count = data.labels.length
  if (count <= most) return data
  const size = data.images.length / count
  const drawn = shuffle(Array.from(data.labels.keys()), seededRandom(seed)).slice(0, most)
  const images = new Uint8Array(most * size)
  drawn.forEach((from, to) => {
    images.set(data.images.subarray(from * size, (from + 1) * size), to * size)
  })
  const { height, width, channels, classCount } = data
  return { images, labels: Int32Array.from(drawn, (i) => data.labels[i] ?? 0), height, width, channels, classCount }
}
