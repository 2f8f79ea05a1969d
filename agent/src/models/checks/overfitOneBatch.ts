import { createTrainer, EngineError, type ImageSet, type Model } from '@pawprint/engine'
import { AgentError } from '../../errors.ts'
import { percent } from '../../format.ts'
import { requireInteger } from '../options.ts'
import { findFaults, findRange } from './dataFindings.ts'
import { type Finding, findObstacles } from './findings.ts'
import { findLearningRate } from './findLearningRate.ts'
import { rateText } from './rateChart.ts'
import { type CheckOptions, drawSamples } from './sample.ts'

export interface OverfitOptions extends CheckOptions {
  /** Samples of the batch; an integer from 2, default 16. */
  readonly batchSize?: number
  /** Most steps; an integer from 1 to 100,000, default 200. */
  readonly steps?: number
}

/** Whether a model can learn one batch by heart, and why not. */
export interface OverfitResult {
  readonly learned: boolean
  /** Mean loss at each step, before it. Empty when no step could be taken. */
  readonly losses: readonly number[]
  /** Of the batch, at the end; a fraction, or NaN. */
  readonly accuracy: number
  /** What is wrong, or looks so; empty when all is well. */
  readonly findings: readonly Finding[]
  /** Some lines for people. */
  readonly text: string
}

/**
 * Trains a copy of the model on one batch until it knows it by heart: what cannot do that, cannot learn more (Karpathy 2019, "A Recipe for
 * Training Neural Networks"). Looks at labels, images, outputs and frozen layers first, and at the learning rate when the steps do
 * not suffice; says what is wrong and what helps. The model is only read. Throws AgentError `E_OPTION`, and what the engine throws
 * for a model or data that do not fit otherwise.
 */
export async function overfitOneBatch(model: Model, data: ImageSet, options: OverfitOptions): Promise<OverfitResult> {
  const { batchSize = 16, steps = 200, seed = 0 } = options
  requireInteger('overfitOneBatch: batchSize', batchSize, 2, 65_536)
  requireInteger('overfitOneBatch: steps', steps, 1, 100_000)
  if (data.labels.length === 0) throw new AgentError('E_OPTION', 'overfitOneBatch: data', 'at least one image', 'none')
  const batch = drawSamples(data, batchSize, seed)
  const obstacles = [...findObstacles(model, data, options.loss), ...findFaults(data, batch)]
  const nothing: Trained = { learned: false, losses: [], accuracy: Number.NaN }
  if (obstacles.length > 0) return resultOf(nothing, obstacles)
  const doubts = findRange(model, batch, options.normalisation)
  const trained = await train(model, batch, options, steps)
  // Numbers of an unusual size are a likelier cause than the rate.
  if (trained.learned || doubts.length > 0) return resultOf(trained, doubts)
  return resultOf(trained, [await lookAtRate(model, batch, trained, options, steps)])
}

type Trained = Pick<OverfitResult, 'learned' | 'losses' | 'accuracy'>

/** Below this share of the first loss, a batch is learned whatever its accuracy means. */
const LEARNED_LOSS = 0.01

async function train(model: Model, batch: ImageSet, options: OverfitOptions, steps: number): Promise<Trained> {
  const { loss, optimizer, seed = 0, initialWeights, normalisation, signal } = options
  const given = { ...(initialWeights && { initialWeights }), ...(normalisation && { normalisation }) }
  const trainer = await createTrainer(model, { loss, optimizer, seed, ...given })
  const losses: number[] = []
  const isLearned = (last: number, accuracy: number): boolean =>
    accuracy === 1 || last <= LEARNED_LOSS * (losses[0] ?? 0)
  try {
    const fit = { epochs: steps, batchSize: batch.labels.length, ...(signal && { signal }) }
    for await (const epoch of trainer.fit(batch, fit)) {
      losses.push(epoch.loss)
      if (isLearned(epoch.loss, epoch.accuracy)) return { learned: true, losses, accuracy: epoch.accuracy }
    }
    // Dropout is a hindrance while training only.
    const { accuracy, loss: last } = await trainer.evaluate(batch)
    return { learned: isLearned(last, accuracy), losses, accuracy }
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'E_NON_FINITE')) throw error
    return { learned: false, losses: [...losses, Number.NaN], accuracy: Number.NaN }
  } finally {
    await trainer.close()
  }
}

/** A smaller fall, as a share of the first loss, is as good as none. */
const STILL = 0.02

/** One batch needs few steps, and no rate is out of the question. */
const SWEEP = { steps: 140, from: 1e-6, to: 10 } as const

/** Another rate that learns the batch is the proof that this one is the trouble; a loss that grows or stays is a sign. */
async function lookAtRate(
  model: Model,
  batch: ImageSet,
  { losses }: Trained,
  options: OverfitOptions,
  steps: number,
): Promise<Finding> {
  const given = options.optimizer.learningRate
  const sweep = { ...options, ...SWEEP, batchSize: batch.labels.length }
  const { suggestion } = await findLearningRate(model, batch, sweep)
  if (suggestion !== null) {
    const optimizer = { ...options.optimizer, learningRate: suggestion }
    const better = await train(model, batch, { ...options, optimizer }, steps)
    const proof = better.learned
      ? `the batch is learned in ${better.losses.length} steps`
      : 'the loss falls most steeply'
    const [first = 0, last = 0] = [losses[0], losses.at(-1)]
    const isHigh = better.learned ? given > suggestion : !(last <= first)
    const isLow = better.learned ? given < suggestion : given < suggestion && first - last < STILL * first
    const kind = isHigh ? 'high' : isLow ? 'low' : null
    if (kind !== null)
      return {
        code: `learning-rate-${kind}`,
        problem: `with a learning rate of ${rateText(given)} the loss goes from ${first.toFixed(3)} to ${last.toFixed(3)} in ${steps} steps`,
        advice: `That is too ${kind}: with ${rateText(suggestion)} ${proof}.`,
      }
  }
  return {
    code: 'not-learned',
    problem: `the batch is not learned in ${steps} steps, and another learning rate does not help`,
    advice:
      'Give it more steps, make the network larger, or take penalties and dropout out. Do images and labels belong together?',
  }
}

function resultOf(trained: Trained, findings: readonly Finding[]): OverfitResult {
  const { learned, losses, accuracy } = trained
  const [first = Number.NaN, last = Number.NaN] = [losses[0], losses.at(-1)]
  const head =
    losses.length === 0
      ? 'No step was taken.'
      : `${learned ? 'Learned' : 'Not learned'} in ${losses.length} steps: loss ${first.toFixed(3)} → ${last.toFixed(3)}, accuracy ${percent(accuracy)}.`
  const lines = findings.map(({ code, problem, advice }) => `${code}: ${problem}. ${advice}`)
  return { ...trained, findings, text: [head, ...lines].join('\n') }
}
