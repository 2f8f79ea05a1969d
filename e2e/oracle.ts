// An independent second opinion, written from the formats' descriptions alone: it shares no code with the product.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export interface OracleTensor {
  readonly name: string
  readonly shape: number[]
  readonly data: Float32Array
}

/** safetensors: 8 bytes little-endian header length, a JSON object, then the data. */
export function readWeights(file: Buffer): OracleTensor[] {
  const headerEnd = 8 + Number(file.readBigUInt64LE(0))
  const header = JSON.parse(file.toString('utf8', 8, headerEnd)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >
  return Object.entries(header)
    .sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0])
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [start, end],
        },
      ]) => {
        if (dtype !== 'F32') throw new Error(`${name} is ${dtype}`)
        return {
          name,
          shape,
          data: new Float32Array(Uint8Array.from(file.subarray(headerEnd + start, headerEnd + end)).buffer),
        }
      },
    )
}

export interface OracleImages {
  /** [count, side, side, 3], values 0 to 255. */
  readonly pixels: Uint8Array
  readonly labels: number[]
  readonly side: number
}

/** The test batch of a CIFAR-10 archive: records of 1 label byte and 3 planes of 32 × 32 bytes. Unpacked by tar(1). */
export function readCifarTest(archive: string): OracleImages {
  const batch = execFileSync('tar', ['-xzOf', archive, 'cifar-10-batches-bin/test_batch.bin'], { maxBuffer: 64e6 })
  const count = batch.length / 3073
  const pixels = new Uint8Array(count * 3072)
  const labels: number[] = []
  for (let n = 0; n < count; n++) {
    labels.push(batch[n * 3073] ?? -1)
    for (let p = 0; p < 1024; p++)
      for (let c = 0; c < 3; c++) pixels[n * 3072 + p * 3 + c] = batch[n * 3073 + 1 + c * 1024 + p] ?? 0
  }
  return { pixels, labels, side: 32 }
}

export const cifarArchive = (datasets: string): string => join(datasets, 'cifar-10-small/cifar-10-binary.tar.gz')

type Map3 = { side: number; channels: number; values: Float64Array }

/** Convolution with zero padding that keeps the size, stride 1, then ReLU. Kernel [k, k, in, out]. */
function convRelu(input: Map3, kernel: OracleTensor, bias: OracleTensor): Map3 {
  const [k = 0, , inputs = 0, outputs = 0] = kernel.shape
  const { side } = input
  const before = Math.floor((k - 1) / 2)
  const values = new Float64Array(side * side * outputs)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const out = values.subarray((y * side + x) * outputs, (y * side + x + 1) * outputs)
      out.set(bias.data)
      for (let i = 0; i < k; i++)
        for (let j = 0; j < k; j++) {
          const yy = y + i - before
          const xx = x + j - before
          if (yy < 0 || xx < 0 || yy >= side || xx >= side) continue
          for (let c = 0; c < inputs; c++) {
            const value = input.values[(yy * side + xx) * inputs + c] ?? 0
            const row = ((i * k + j) * inputs + c) * outputs
            for (let f = 0; f < outputs; f++) out[f] = (out[f] ?? 0) + value * (kernel.data[row + f] ?? 0)
          }
        }
      for (let f = 0; f < outputs; f++) out[f] = Math.max(0, out[f] ?? 0)
    }
  return { side, channels: outputs, values }
}

/** Largest of each 2 × 2 block. */
function maxPool(input: Map3): Map3 {
  const { channels } = input
  const side = input.side / 2
  const values = new Float64Array(side * side * channels)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < channels; c++) {
        const at = (dy: number, dx: number) =>
          input.values[((2 * y + dy) * input.side + 2 * x + dx) * channels + c] ?? 0
        values[(y * side + x) * channels + c] = Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1))
      }
  return { side, channels, values }
}

function dense(input: Float64Array, kernel: OracleTensor, bias: OracleTensor): Float64Array {
  const out = Float64Array.from(bias.data)
  for (let i = 0; i < input.length; i++) {
    const value = input[i] ?? 0
    if (value !== 0)
      for (let o = 0; o < out.length; o++) out[o] = (out[o] ?? 0) + value * (kernel.data[i * out.length + o] ?? 0)
  }
  return out
}

/** Class probabilities of one image under the notebook's network: conv, pool, conv, pool, dense, dense; in float64. */
export function predict(weights: OracleTensor[], images: OracleImages, index: number): number[] {
  const [k1, b1, k2, b2, k3, b3, k4, b4] = weights
  if (!k1 || !b1 || !k2 || !b2 || !k3 || !b3 || !k4 || !b4) throw new Error(`expected 8 tensors, got ${weights.length}`)
  const size = images.side ** 2 * 3
  const values = Float64Array.from(images.pixels.subarray(index * size, (index + 1) * size), (value) => value / 255)
  const maps = maxPool(convRelu(maxPool(convRelu({ side: images.side, channels: 3, values }, k1, b1)), k2, b2))
  const hidden = dense(maps.values, k3, b3).map((value) => Math.max(0, value))
  const logits = dense(hidden, k4, b4)
  const top = Math.max(...logits)
  const exps = [...logits].map((value) => Math.exp(value - top))
  const sum = exps.reduce((a, b) => a + b, 0)
  return exps.map((value) => value / sum)
}

export const argMax = (values: readonly number[]): number => values.indexOf(Math.max(...values))

/** Fraction of the images whose most probable class is their label. */
export function accuracyOf(weights: OracleTensor[], images: OracleImages): number {
  const hits = images.labels.filter((label, n) => argMax(predict(weights, images, n)) === label).length
  return hits / images.labels.length
}
