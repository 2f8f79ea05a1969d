import type { ImageSet, InitialWeights, Loss, Normalisation, Optimizer } from '@pawprint/engine'
import { seededRandom, shuffle } from '../../datasets/random.ts'

/** What checks before training are told of the training to come. */
export interface CheckOptions {
  readonly loss: Loss
  readonly optimizer: Optimizer
  /** Decides the samples, their order and the first weights; an integer, 0 ≤ seed < 2³², default 0. */
  readonly seed?: number
  /** As in `compile`; default drawn by the seed. */
  readonly initialWeights?: InitialWeights
  /** Default `value / 255`, as in training. */
  readonly normalisation?: Normalisation
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** A copy of some samples, drawn by the seed, in shared memory; all of them where there are fewer. */
export function drawSamples(data: ImageSet, count: number, seed: number): ImageSet {
  const rows = shuffle([...data.labels.keys()], seededRandom(seed, 0x636865)).slice(0, count)
  const sizeBytes = data.images.length / Math.max(1, data.labels.length)
  const images = new Uint8Array(new SharedArrayBuffer(rows.length * sizeBytes))
  for (const [i, row] of rows.entries())
    images.set(data.images.subarray(row * sizeBytes, (row + 1) * sizeBytes), i * sizeBytes)
  const floats = (values: Float32Array): Float32Array => {
    const width = values.length / data.labels.length
    return Float32Array.from({ length: rows.length * width }, (_, i) => {
      return values[(rows[Math.floor(i / width)] ?? 0) * width + (i % width)] ?? 0
    })
  }
  return {
    ...data,
    images,
    labels: Int32Array.from(rows, (row) => data.labels[row] ?? 0),
    ...(data.targets && { targets: floats(data.targets) }),
    ...(data.sampleWeights && { sampleWeights: floats(data.sampleWeights) }),
  }
}
