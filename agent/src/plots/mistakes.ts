import type { Evaluation, ImageSet } from '@pawprint/engine'
import { namedClasses } from '../metrics/confusion.ts'
import { predictionsOf } from '../metrics/predictions.ts'
import { label, type Picture, shortened, svgOf } from './picture.ts'
import { requireCount, requireNames } from './requirements.ts'
import { TILE, tileAt } from './tiles.ts'

export interface MistakesOptions {
  /** Most mistakes; an integer from 1 to 100, default 12. */
  readonly count?: number
}

const COLUMNS = 6
const CELL = { width: 132, height: TILE + 40 } as const
const MAX_NAME = 17

/** An image that is named wrongly. */
export interface Mistake {
  /** Its place in the set. */
  readonly index: number
  readonly label: number
  readonly named: number
  /** How sure the model is of the class that it names, 0 to 1. */
  readonly confidence: number
}

/** Images that are named wrongly, the surest first. Throws AgentError `E_PREDICTIONS`. */
export function worstMistakes(set: ImageSet, evaluation: Pick<Evaluation, 'probabilities'>): Mistake[] {
  const { labels, probabilities, classCount } = predictionsOf(set, evaluation)
  const named = namedClasses({ labels, probabilities, classCount })
  return Array.from(named, (name, index) => {
    const confidence = probabilities[index * classCount + name] ?? 0
    return { index, label: labels[index] ?? 0, named: name, confidence }
  })
    .filter(({ label, named }) => label !== named)
    .sort((a, b) => b.confidence - a.confidence || a.index - b.index)
}

/**
 * The images that a model is surest of and names wrongly: what it says, and what it is. They tell more than a number: wrong labels, cut
 * pictures, classes that look alike. Throws AgentError `E_OPTION`, `E_PREDICTIONS`.
 */
export function mistakes(
  set: ImageSet,
  evaluation: Pick<Evaluation, 'probabilities'>,
  classNames: readonly string[],
  { count = 12 }: MistakesOptions = {},
): Picture {
  requireNames('plots.mistakes', set, classNames)
  requireCount('plots.mistakes: count', count, 100)
  const all = worstMistakes(set, evaluation)
  const shown = all.slice(0, count)
  const cells = shown.map(({ index, label: truth, named, confidence }, at) => {
    const [x, y] = [(at % COLUMNS) * CELL.width + 4, Math.floor(at / COLUMNS) * CELL.height + 4]
    const said = `${shortened(classNames[named] ?? '', MAX_NAME - 5)} ${Math.round(confidence * 100)} %`
    return (
      tileAt(set, index, x, y) +
      label(x, y + TILE + 14, said, { fill: '#b3261e' }) +
      label(x, y + TILE + 29, `is ${shortened(classNames[truth] ?? '', MAX_NAME - 3)}`)
    )
  })
  const text = `${all.length} of ${set.labels.length} images are named wrongly${shown.length === 0 ? '' : `; the ${shown.length} surest of them`}`
  const rows = Math.ceil(shown.length / COLUMNS)
  const size = { width: Math.min(COLUMNS, shown.length) * CELL.width, height: rows * CELL.height }
  return { svg: shown.length === 0 ? '' : svgOf(text, size, ...cells), text }
}
