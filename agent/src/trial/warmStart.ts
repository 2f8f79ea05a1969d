import { type Model, parametersOf, type WeightTensor } from '@pawprint/engine'
import { type NetworkAnswer, shortSha1 } from '@pawprint/protocol'
import { loadPretrained } from '../models/pretrained/loadPretrained.ts'
import type { LogLevel, TrialCompileOptions } from '../types.ts'

export interface WarmStartSettings {
  /** The stored model to begin with. */
  readonly sha1: string
  /** Of the task that is trained now, in the order of the outputs. */
  readonly classNames: readonly string[]
  readonly network: () => Promise<Pick<NetworkAnswer, 'classNames'>>
  readonly weights: () => Promise<readonly WeightTensor[]>
  readonly log: (text: string, level: LogLevel) => void
}

/**
 * Options of a compilation that begins with the weights of a stored model. Where the classes are the same, all of them are taken. Where they are
 * others, or in another order, the last layer with weights, which tells the classes apart, is drawn anew: its outputs would mean something
 * else. Weights that the notebook gives itself stay. Throws AgentError E_WEIGHTS when another layer has another shape, E_STORE when
 * the store does not have the model.
 */
export async function withWarmStart(
  model: Model,
  options: TrialCompileOptions,
  { sha1, classNames, network, weights, log }: WarmStartSettings,
): Promise<TrialCompileOptions> {
  const short = shortSha1(sha1)
  const { initialWeights = 'seeded' } = options
  if (initialWeights !== 'seeded') {
    log(`does not begin with the weights of ${short}: the notebook gives others itself`, 'warn')
    return options
  }
  const { classNames: known } = await network()
  const isSame = known.length === classNames.length && known.every((name, label) => name === classNames[label])
  const head = (await parametersOf(model)).at(-1)?.layer
  const begun = await loadPretrained(model, await weights(), { except: isSame || head === undefined ? [] : [head] })
  const why = isSame ? '' : `; its classes were ${known.join(', ').slice(0, 200)}`
  log(`begins with the weights of ${short}: ${begun.text}${why}`, 'info')
  return { ...options, initialWeights: begun.weights }
}
