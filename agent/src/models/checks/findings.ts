import { EngineError, type ImageSet, type Loss, type Model, requireOutput } from '@pawprint/engine'

/** Something that is wrong with a model, its data or its training, and what helps. */
export interface Finding {
  readonly code: FindingCode
  readonly problem: string
  readonly advice: string
}
export type FindingCode =
  | 'labels-out-of-range'
  | 'labels-constant'
  | 'labels-conflict'
  | 'images-constant'
  | 'input-range'
  | 'all-frozen'
  | 'output-width'
  | 'output-activation'
  | 'learning-rate-high'
  | 'learning-rate-low'
  | 'not-learned'

/** What must be put right before a step can be taken. */
export function findObstacles(model: Model, { labels, classCount }: ImageSet, loss: Loss): Finding[] {
  const found: Finding[] = []
  const bad = labels.findIndex((label) => !(label >= 0 && label < classCount))
  if (bad >= 0)
    found.push({
      code: 'labels-out-of-range',
      problem: `label ${bad} is ${labels[bad]}, and there are ${classCount} classes`,
      advice: `Labels count from 0 to ${classCount - 1}. Do yours begin at 1? Is classCount right?`,
    })
  if (model.trainableWeights.length === 0)
    found.push({
      code: 'all-frozen',
      problem: 'no layer of the model trains',
      advice: 'unfreeze(model), or freeze(model, until) with a layer before the last.',
    })
  return [...found, ...outputFindings(model, loss, classCount)]
}

function outputFindings(model: Model, loss: Loss, classCount: number): Finding[] {
  try {
    requireOutput(model, loss, classCount)
    return []
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    const problem = `${error.at}: the loss needs ${error.expected}, and the model has ${error.got}`
    if (error.code === 'E_INPUT')
      return [{ code: 'output-width', problem, advice: 'Give the last layer as many units as there are classes.' }]
    const advice =
      "Softmax goes with categoricalCrossentropy, sigmoid with binaryCrossentropy: change the last layer's activation or the loss."
    return [{ code: 'output-activation', problem, advice }]
  }
}
