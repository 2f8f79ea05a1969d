import type { WeightTensor } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'
import { AgentError } from '../../errors.ts'

const MAX_FILES = 10_000

/** Files of weights in turn, and what is in them. */
export interface Group {
  readonly paths: readonly string[]
  readonly specs: tf.io.WeightsManifestEntry[]
}

/**
 * What a `model.json` of TensorFlow.js says of the weights beside it. Names of files are plain, so that none leads elsewhere. Throws
 * AgentError `E_WEIGHTS`.
 */
export function readManifest(json: Uint8Array, place: string): Group[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch (cause) {
    throw new AgentError('E_WEIGHTS', place, 'JSON', 'other bytes', { cause })
  }
  const { weightsManifest: groups } = Object(parsed) as Record<string, unknown>
  if (!Array.isArray(groups)) throw wrong(`${place}: weightsManifest`, 'a list', typeof groups)
  const read = groups.map((group: unknown): Group => {
    const { paths, weights } = Object(group) as Record<string, unknown>
    if (!Array.isArray(paths) || !paths.every(isPlainName))
      throw wrong(
        `${place}: weightsManifest.paths`,
        'names of files beside it',
        JSON.stringify(paths)?.slice(0, 80) ?? 'none',
      )
    if (!Array.isArray(weights) || !weights.every(isSpec))
      throw wrong(`${place}: weightsManifest.weights`, 'name, shape and dtype of each', 'something else')
    return { paths, specs: weights }
  })
  const count = read.reduce((sum, { paths }) => sum + paths.length, 0)
  if (count > MAX_FILES) throw wrong(`${place}: weightsManifest`, `at most ${MAX_FILES} files`, `${count}`)
  return read
}

/** The tensors of a group from the bytes of its files, put together; quantised ones as the numbers that they stand for. */
export function readGroup({ specs }: Group, bytes: Uint8Array, place: string): WeightTensor[] {
  const expected = specs.reduce((sum, spec) => sum + sizeBytesOf(spec), 0)
  if (bytes.length !== expected) throw wrong(place, `${expected} bytes of weights`, `${bytes.length}`)
  const tensors = tf.io.decodeWeights(new Uint8Array(bytes).buffer, specs)
  return specs.map(({ name, shape }) => {
    const tensor = tensors[name]
    const data = tensor?.dtype === 'float32' ? Float32Array.from(tensor.dataSync()) : new Float32Array()
    tensor?.dispose()
    return { name, shape, data }
  })
}

const isPlainName = (path: unknown): path is string => typeof path === 'string' && /^\w[\w.-]{0,200}$/.test(path)

const DTYPES: Readonly<Record<string, number>> = { float32: 4, float16: 2, uint8: 1, uint16: 2 }

function isSpec(spec: unknown): spec is tf.io.WeightsManifestEntry {
  const { name, shape, dtype, quantization } = Object(spec) as Record<string, unknown>
  const stored = quantization === undefined ? dtype : (Object(quantization) as Record<string, unknown>).dtype
  const isShape =
    Array.isArray(shape) && shape.length <= 8 && shape.every((side) => Number.isSafeInteger(side) && side >= 0)
  return typeof name === 'string' && isShape && dtype === 'float32' && DTYPES[String(stored)] !== undefined
}

const sizeBytesOf = ({ shape, dtype, quantization }: tf.io.WeightsManifestEntry): number =>
  shape.reduce((product, side) => product * side, DTYPES[quantization?.dtype ?? dtype] ?? 0)

const wrong = (at: string, expected: string, got: string): AgentError => new AgentError('E_WEIGHTS', at, expected, got)
