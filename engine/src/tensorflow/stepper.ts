import type * as tf from '@tensorflow/tfjs'
import { EngineError } from '../errors.ts'
import { concatFloats } from '../floats.ts'
import { newGraph, sizeOf, type Value } from '../ir/graph.ts'
import { prune } from '../ir/passes.ts'
import { input } from '../ir/shape.ts'
import { ofRole, sampleSize } from '../model/spec.ts'
import { clip } from '../optimizers/clip.ts'
import type { UpdateRule } from '../optimizers/rule.ts'
import { compile, type Feed } from '../runtime.ts'
import { imagesOf, type Stepper, type StepperOptions, take } from '../stepper.ts'
import { inputsOf, type Loaded, outputOf, setWeights } from './executor.ts'
import { createLoss, type Judged, type LossBatch } from './loss.ts'
import { flatWeights } from './spec.ts'

/**
 * Training steps whose gradients TensorFlow.js computes; losses, optimisers and everything around them are the engine's. Dropout is not
 * seeded: a run cannot be repeated to the bit.
 */
export async function openTensorFlowStepper(loaded: Loaded, options: StepperOptions): Promise<Stepper> {
  const { spec } = loaded
  const { batchSize, rule, loss, classCount, hasTargets, hasWeights } = options
  const outputs = sizeOf(spec.outputShape)
  const judge = createLoss(loss, { size: batchSize, outputs, classCount, hasTargets, hasWeights })
  const update = await openUpdate(rule, spec.sizes.trained)
  return {
    async run(samples, rows, { done, rateFactor, augment }, state) {
      setWeights(loaded, concatFloats(state.slice(0, state.length - rule.slotCount)))
      const steps = rows.length / batchSize
      const [losses, correct] = [new Float32Array(steps), new Float32Array(steps)]
      for (let step = 0; step < steps; step++) {
        const own = rows.subarray(step * batchSize, (step + 1) * batchSize)
        const images = imagesOf(samples.images, own, sampleSize(spec), augment)
        const batch: LossBatch = {
          labels: take(samples.labels, own, 1, Int32Array),
          targets: samples.targets && take(samples.targets, own, outputs, Float32Array),
          sampleWeights: samples.sampleWeights && take(samples.sampleWeights, own, 1, Float32Array),
        }
        const { judged, gradient } = gradientOf(loaded, images, options, (output) => judge(output, batch))
        const trained = flatWeights(loaded.source, spec).slice(0, spec.sizes.trained)
        const before = [trained, ...state.slice(state.length - rule.slotCount)]
        const after = await update(before, gradient, rule.scalarsAt(done + step + 1, rateFactor(step)))
        const statistics = flatWeights(loaded.source, spec).slice(spec.sizes.trained)
        setWeights(loaded, concatFloats([after[0] ?? new Float32Array(), statistics]))
        after.slice(1).forEach((slot, i) => {
          state[state.length - rule.slotCount + i] = slot
        })
        losses[step] = judged.loss
        correct[step] = judged.correct
      }
      const flat = flatWeights(loaded.source, spec)
      state[0] = flat.slice(0, spec.sizes.trained)
      if (spec.sizes.statistic > 0) state[1] = flat.slice(spec.sizes.trained)
      return { losses, correct }
    },
    close: () => update.close(),
  }
}

/** One forward and backward pass. */
function gradientOf(
  loaded: Loaded,
  images: Uint8Array,
  { normalisation }: StepperOptions,
  judge: (output: ArrayLike<number>) => Judged,
): { judged: Judged; gradient: Float32Array } {
  const { tf: library, source, spec } = loaded
  let judged: Judged | undefined
  const gradient = library.tidy(() => {
    const lossOf = library.customGrad((output: tf.Tensor | tf.GradSaveFunc) => {
      if (!(output instanceof library.Tensor)) throw new Error('one output')
      const own = judge(output.dataSync())
      judged = own
      const slope = (): tf.Tensor => library.tensor(Float32Array.from(own.gradient), output.shape)
      return { value: library.scalar(own.loss), gradFunc: (dy: tf.Tensor) => [slope().mul(dy)] }
    })
    const variables = source.weights
      .slice(0, ofRole(spec, 'trained').length)
      .map((weight) => variableOf(loaded, weight))
    const { grads } = library.variableGrads(() => {
      const loss = lossOf(outputOf(loaded, inputsOf(loaded, images, normalisation), true))
      const penalties = source.calculateLosses()
      return penalties.reduce((total: tf.Tensor, penalty) => total.add(penalty), loss).asScalar()
    }, variables)
    return concatFloats(variables.map(({ name }) => Float32Array.from(grads[name]?.dataSync() ?? [])))
  })
  if (judged === undefined) throw new Error('no loss was computed')
  return { judged, gradient }
}

/** What a layer keeps a weight in. */
function variableOf({ tf: library }: Loaded, weight: tf.LayersModel['weights'][number]): tf.Variable {
  const variable = weight.read()
  if (variable instanceof library.Variable) return variable
  throw new EngineError('E_MODEL', weight.originalName, 'a variable', 'a tensor')
}

/** The optimiser's update of flat vectors: weights and slots in, weights and slots out. */
interface Update {
  (state: readonly Float32Array[], gradient: Float32Array, scalars: readonly number[]): Promise<Float32Array[]>
  close(): Promise<void>
}

async function openUpdate(rule: UpdateRule, size: number): Promise<Update> {
  const g = newGraph()
  const weights = input(g, 'weights', [size])
  const slots = Array.from({ length: rule.slotCount }, (_, i) => input(g, `slot_${i}`, [size]))
  const gradient = input(g, 'gradient', [size])
  const scalars = rule.scalarsAt(1, 1).map((_, i) => input(g, `scalar_${i}`, []))
  const next = rule.build(g, { weights, slots, gradient: clip(g, gradient, rule.clipping), scalars })
  const results = [next.weights, ...next.slots]
  const compiled = await compile(prune(g.nodes, [weights, ...slots, gradient, ...scalars, ...results]), results)
  const run = (
    state: readonly Float32Array[],
    given: Float32Array,
    numbers: readonly number[],
  ): Promise<Float32Array[]> => {
    const feeds = new Map<Value, Feed>([[gradient, given]])
    for (const [i, value] of [weights, ...slots].entries()) feeds.set(value, state[i] ?? new Float32Array(size))
    for (const [i, value] of scalars.entries()) feeds.set(value, Float32Array.of(numbers[i] ?? Number.NaN))
    return compiled.run(feeds)
  }
  return Object.assign(run, { close: () => compiled.close() })
}
