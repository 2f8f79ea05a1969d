import { readNormalisation, requireInteger } from './data.ts'
import { concatFloats } from './floats.ts'
import { readModel } from './model/read.ts'
import { fromTensors } from './model/weights.ts'
import { exportGraph } from './onnx/export.ts'
import type { SavedModel } from './types.ts'

const MAX_BATCH = 65_536

/** A file of an export. */
export interface ExportedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * A model as an ONNX file of standard operators (opset 17) that any runtime runs: `images`, uint8 `[batchSize, height, width, channels]`
 * as they are, to `output`, float32 `[batchSize, outputs]`. Normalisation and weights are in it. `batchSize`: default 1. Throws
 * `E_UNSUPPORTED` for a model that the engine does not know every layer of.
 */
export function exportOnnx(saved: SavedModel, { batchSize = 1 }: { readonly batchSize?: number } = {}): Uint8Array {
  requireInteger('batchSize', batchSize, 1, MAX_BATCH)
  const spec = readModel(saved.topology)
  const normalisation = readNormalisation(saved.normalisation, spec)
  return exportGraph(spec, fromTensors(spec, saved.weights), normalisation, batchSize)
}

/** Size of the files that weights are cut into, so that browsers cache them: that of TensorFlow.js's converter. */
const SHARD_BYTES = 4 * 2 ** 20

/**
 * A model as `tf.loadLayersModel` reads it: `model.json` and the weights beside it, `group1-shard1ofN.bin`. Its input is what the first
 * layer sees, so pixels must be normalised before: how, says `userDefinedMetadata.normalisation`. Any model will do, also one that the
 * engine cannot run.
 */
export function exportTfjs({ topology, weights, normalisation }: SavedModel): ExportedFile[] {
  const all = concatFloats(weights.map(({ data }) => data))
  const bytes = new Uint8Array(all.buffer)
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES))
  const shards = Array.from({ length: count }, (_, i) => ({
    name: `group1-shard${i + 1}of${count}.bin`,
    bytes: bytes.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES),
  }))
  const described = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }))
  const json = {
    format: 'layers-model',
    generatedBy: 'pawprint',
    convertedBy: null,
    modelTopology: topology,
    weightsManifest: [{ paths: shards.map(({ name }) => name), weights: described }],
    userDefinedMetadata: { normalisation: normalisation ?? 'value / 255' },
  }
  return [{ name: 'model.json', bytes: new TextEncoder().encode(JSON.stringify(json)) }, ...shards]
}
