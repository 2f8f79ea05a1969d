import type { Evaluation, ImageSet } from '@pawprint/engine'
import { AgentError } from '../errors.ts'

/** What a model says of labelled images: all that the metrics look at. */
export interface Predictions {
  /** The true class of each image; an integer, 0 ≤ label < classCount. */
  readonly labels: ArrayLike<number>
  /** `[count, classCount]`, row-major, finite. Only calibration needs them between 0 and 1; for all else higher means likelier. */
  readonly probabilities: Float32Array
  /** 2 or more. */
  readonly classCount: number
}

/** How often each image counts: `[count]`. A resample of the images is such a vector, and all 1 is the set itself. */
export type Counts = Uint32Array

/** A metric of given predictions, as a function of how often each image counts. NaN where it is not defined. */
export type Statistic = (counts: Counts) => number

/** Most images that the metrics take: 2²⁰, as many as a resample draws from without bias. */
export const MAX_COUNT = 2 ** 20

/** Predictions of a test set, from what `run.evaluate` gave for it. Throws AgentError E_PREDICTIONS. */
export const predictionsOf = (
  { labels, classCount }: Pick<ImageSet, 'labels' | 'classCount'>,
  { probabilities }: Pick<Evaluation, 'probabilities'>,
): Predictions => checkPredictions({ labels, probabilities, classCount })

/** The same predictions. Throws AgentError E_PREDICTIONS for another number of probabilities, none, a wrong label or what is not finite. */
export function checkPredictions(predictions: Predictions): Predictions {
  const { labels, probabilities, classCount } = predictions
  const refuse = (at: string, expected: string, got: number): AgentError =>
    new AgentError('E_PREDICTIONS', at, expected, String(got))
  if (!Number.isInteger(classCount) || classCount < 2) throw refuse('classCount', 'an integer from 2', classCount)
  if (labels.length < 1 || labels.length > MAX_COUNT) throw refuse('labels', `1 to ${MAX_COUNT} of them`, labels.length)
  const size = labels.length * classCount
  if (probabilities.length !== size) throw refuse('probabilities', `${size} of them`, probabilities.length)
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? Number.NaN
    const isClass = Number.isInteger(label) && label >= 0 && label < classCount
    if (!isClass) throw refuse(`labels[${i}]`, `an integer from 0 to ${classCount - 1}`, label)
  }
  // Loops, not functions of arrays: several times as fast over millions.
  for (let i = 0; i < size; i++) {
    const value = probabilities[i] as number
    if (!Number.isFinite(value)) throw refuse(`probabilities[${i}]`, 'a finite number', value)
  }
  return predictions
}

/** The same class. Throws AgentError E_PREDICTIONS when there is no such one. */
export function requireClass({ classCount }: Predictions, ofClass: number): number {
  if (Number.isInteger(ofClass) && ofClass >= 0 && ofClass < classCount) return ofClass
  throw new AgentError('E_PREDICTIONS', 'class', `an integer from 0 to ${classCount - 1}`, String(ofClass))
}

/** The value of a statistic when each of `count` images counts once. */
export const valueOnce = (statistic: Statistic, count: number): number => statistic(new Uint32Array(count).fill(1))

/** The mean of one value per image. */
export const meanOf =
  (values: ArrayLike<number>): Statistic =>
  (counts) => {
    let [sum, total] = [0, 0]
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i] ?? 0
      sum += count * (values[i] ?? 0)
      total += count
    }
    return sum / total
  }
