import { createTrainer, EngineError, type ImageSet, type Model } from '@pawprint/engine'
import { AgentError } from '../../errors.ts'
import { requireInteger, requireNumber } from '../options.ts'
import { rateChart, rateText, type Sweep } from './rateChart.ts'
import { beforeExplosion, smooth, steepestRate } from './rateCurve.ts'
import { type CheckOptions, drawSamples } from './sample.ts'

export interface FindLearningRateOptions extends CheckOptions {
  /** Samples of each step; an integer from 1, default 32. */
  readonly batchSize?: number
  /**
   * Rates that are tried, one step each; an integer from 10 to 10,000, default 300: with fewer, a network that learns slowly does not get
   * to learn. Small sets are gone through several times, and a few steps more make these times equal.
   */
  readonly steps?: number
  /** First and last rate; 0 < from < to, default 1e-5 and 1. The optimiser's own rate is not looked at. */
  readonly from?: number
  readonly to?: number
}

/** Losses by learning rate, up to where they explode. */
export interface LearningRates extends Sweep {
  /** The rates tried, each by the one before in the same ratio. */
  readonly rates: readonly number[]
  /** Mean loss of the batch at each rate, before its step. */
  readonly losses: readonly number[]
  /** The same without the noise of single batches. */
  readonly smoothed: readonly number[]
  /** Where the smoothed loss falls most steeply; null where it does not fall. */
  readonly suggestion: number | null
  /** Whether the loss exploded, which ends the sweep. */
  readonly exploded: boolean
  /** One line for people. */
  readonly text: string
  /** An image for a notebook's output, loss by rate; empty when the first step exploded. */
  readonly svg: string
}

/**
 * Looks for a learning rate: trains a copy of the model while the rate grows from step to step, and sees where the loss falls most steeply
 * and where it explodes (Smith 2017, arXiv:1506.01186, § 3.3; the suggestion as in fastai). The model is only read. Throws AgentError
 * `E_OPTION`, and what the engine throws for a model or data that do not fit.
 */
export async function findLearningRate(
  model: Model,
  data: ImageSet,
  options: FindLearningRateOptions,
): Promise<LearningRates> {
  const { batchSize = 32, steps = 300, from = 1e-5, to = 1, seed = 0 } = options
  requireInteger('findLearningRate: batchSize', batchSize, 1, 65_536)
  requireInteger('findLearningRate: steps', steps, 10, 10_000)
  requireNumber('findLearningRate: from', from, 0, 1e6)
  requireNumber('findLearningRate: to', to, from, 1e6)
  if (data.labels.length === 0) throw new AgentError('E_OPTION', 'findLearningRate: data', 'at least one image', 'none')
  const size = Math.min(batchSize, data.labels.length)
  const epochs = Math.ceil(steps / Math.floor(data.labels.length / size))
  const perEpoch = Math.ceil(steps / epochs)
  const drawn = drawSamples(data, perEpoch * size, seed)
  const all = await lossesOf(model, drawn, { ...options, seed, batchSize: size, epochs, from, to })
  const losses = all.slice(0, beforeExplosion(all))
  const ratio = (to / from) ** (1 / (epochs * perEpoch))
  const rates = losses.map((_, i) => from * ratio ** i)
  const smoothed = smooth(losses, epochs * perEpoch)
  const sweep = { rates, losses, smoothed, suggestion: steepestRate(rates, smoothed) }
  const exploded = losses.length < epochs * perEpoch
  const text = textOf(sweep, exploded)
  return { ...sweep, exploded, text, svg: rateChart(sweep, text) }
}

interface SweepOptions extends CheckOptions {
  readonly seed: number
  readonly batchSize: number
  readonly epochs: number
  readonly from: number
  readonly to: number
}

/** The loss of each step, up to the explosion and a little further: steps come in bundles. */
async function lossesOf(model: Model, data: ImageSet, options: SweepOptions): Promise<number[]> {
  const { loss, optimizer, seed, batchSize, epochs, from, to, signal } = options
  const trainer = await createTrainer(model, {
    loss,
    optimizer: { ...optimizer, learningRate: from },
    seed,
    ...(options.initialWeights && { initialWeights: options.initialWeights }),
    ...(options.normalisation && { normalisation: options.normalisation }),
  })
  const losses: number[] = []
  const exploded = new AbortController()
  const onStep = (report: { readonly losses: Float32Array }): void => {
    losses.push(...report.losses)
    if (beforeExplosion(losses) < losses.length) exploded.abort()
  }
  try {
    const stop = signal === undefined ? exploded.signal : AbortSignal.any([signal, exploded.signal])
    const schedule = { type: 'exponential', end: to / from } as const
    for await (const _ of trainer.fit(data, { epochs, batchSize, schedule, onStep, signal: stop }));
  } catch (error) {
    signal?.throwIfAborted()
    const isExplosion = exploded.signal.aborted || (error instanceof EngineError && error.code === 'E_NON_FINITE')
    if (!isExplosion) throw error
    // The step that broke is not among the reported ones.
    losses.push(Number.POSITIVE_INFINITY)
  } finally {
    await trainer.close()
  }
  return losses
}

function textOf({ rates, suggestion }: Sweep, exploded: boolean): string {
  const last = rates.at(-1)
  const end = last === undefined ? 'at the first step' : `above ${rateText(last)}`
  const explosion = exploded ? ` The loss explodes ${end}.` : ''
  if (suggestion === null)
    return `No learning rate is suggested: the loss does not fall${last === undefined ? '' : ` up to ${rateText(last)}`}.${explosion} Try overfitOneBatch.`
  return `Learning rate ${rateText(suggestion)}: there the loss falls most steeply.${explosion}`
}
