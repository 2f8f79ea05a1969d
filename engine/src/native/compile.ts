import { type Node, sizeOf, type Value } from '../ir/graph.ts'
import { type Compiled, type RuntimeOptions, tensorFor } from '../runtime.ts'
import { nativeAddon } from './addon.ts'
import { compileNative } from './program.ts'

/** Compiles a graph for one run per call. */
export async function compileGraph(
  nodes: readonly Node[],
  outputs: readonly Value[],
  { threads }: RuntimeOptions,
): Promise<Compiled> {
  const inputs = nodes.filter(({ op }) => op.type === 'input').map(({ output }) => output)
  const each = (value: Value) => ({ value, isEach: true })
  const ends = { inputs: inputs.map(each), outputs: outputs.map(each), state: [] }
  const handle = compileNative(nodes, ends, threads)
  return {
    async run(feeds) {
      const from = inputs.map((value) => tensorFor(value, feeds.get(value)).data)
      const to = outputs.map(({ shape }) => new Float32Array(sizeOf(shape)))
      nativeAddon().run(handle, 1, from, to)
      return to
    },
    // The addon frees a program when nothing holds it any more.
    async close() {},
  }
}
