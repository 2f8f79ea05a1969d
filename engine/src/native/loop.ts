import { sizeOf } from '../ir/graph.ts'
import { type Runtime, type RuntimeOptions, samplesOf } from '../runtime.ts'
import type { StepGraph } from '../step.ts'
import { nativeAddon } from './addon.ts'
import { compileNative } from './program.ts'

/** Many training steps in one call. */
export async function openNativeLoop(step: StepGraph, { threads }: RuntimeOptions): Promise<Runtime> {
  const inputs = [
    ...samplesOf(step).map(({ name, value }) => ({ name, value, isEach: true })),
    ...step.masks.map(({ value }, i) => ({ name: `mask_${i}`, value, isEach: true })),
    ...step.scalars.map((value, i) => ({ name: `scalar_${i}`, value, isEach: true })),
    ...(step.fixed === null ? [] : [{ name: 'fixed', value: step.fixed, isEach: false }]),
    ...step.state.map(({ before }, i) => ({ name: `state_${i}`, value: before, isEach: false })),
  ]
  const outputs = [
    ...step.state.map(({ after }, i) => ({ name: `next_${i}`, value: after, isEach: false })),
    { name: 'loss', value: step.loss, isEach: true },
    { name: 'correct', value: step.correct, isEach: true },
  ]
  const handle = compileNative(step.graph.nodes, { inputs, outputs, state: step.state }, threads)
  return {
    async run(given) {
      const steps = Number(given.count?.data[0] ?? 0)
      const from = inputs.map(({ name }) => given[name]?.data ?? new Float32Array())
      // The state is written over what was given: fresh memory for it at each call costs large models a quarter of their time.
      const to = outputs.map(({ value, isEach }, i) => {
        const before = given[`state_${i}`]?.data
        if (!isEach && before instanceof Float32Array) return before
        return new Float32Array(sizeOf(value.shape) * (isEach ? steps : 1))
      })
      nativeAddon().run(handle, steps, from, to)
      return new Map(outputs.map(({ name }, i) => [name, to[i] ?? new Float32Array()]))
    },
    // The addon frees a program when nothing holds it any more.
    async close() {},
  }
}
