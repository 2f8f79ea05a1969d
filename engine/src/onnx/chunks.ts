import { type Node, sizeOf } from '../ir/graph.ts'

/** Bytes that the largest im2col matrix of a pass may take: about what fits the caches of one core. Measured: see ENGINE.md. */
const MAX_COLUMN_BYTES = 10 * 2 ** 20

/**
 * How many samples go through forward and backward at a time: as few passes as keep the largest intermediate in cache, of sizes as
 * equal as can be. `nodes` is the forward graph of one sample. The result depends on the model and batch alone, so weights do too.
 */
export function chunkSizes(nodes: readonly Node[], batchSize: number): number[] {
  const largest = Math.max(1, ...nodes.map(columnBytes))
  const limit = Math.max(1, Math.floor(MAX_COLUMN_BYTES / largest))
  const count = Math.ceil(batchSize / limit)
  return Array.from(
    { length: count },
    (_, i) => Math.floor(((i + 1) * batchSize) / count) - Math.floor((i * batchSize) / count),
  )
}

function columnBytes({ op, inputs: [x] }: Node): number {
  if (op.type !== 'conv2d' || x === undefined) return 0
  const { outputHeight, outputWidth, height, width } = op.windows
  return 4 * sizeOf([outputHeight, outputWidth, height, width, x.shape.at(-1) ?? 1])
}
