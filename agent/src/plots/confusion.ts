import type { Evaluation, ImageSet } from '@pawprint/engine'
import { confusionOf } from '../metrics/confusion.ts'
import { predictionsOf } from '../metrics/predictions.ts'
import { tag } from '../view/markup.ts'
import { label, type Picture, round, shortened, svgOf, widthOf } from './picture.ts'
import { requireNames } from './requirements.ts'

/** Cells with numbers, while there are few classes; without, for many. Px. */
const CELL = { few: 30, many: 14 } as const
const FEW_CLASSES = 20
const MAX_NAME = 20
/** Darkest is this colour; the number in it is white from this share on. */
const COLOUR = '#1f5fc4'
const WHITE_FROM = 0.5

/**
 * Confusion matrix: a row for each true class, a column for each that the model names; a cell is the darker, the larger its share of
 * the row. Throws AgentError `E_OPTION`, `E_PREDICTIONS`.
 */
export function confusion(
  set: ImageSet,
  evaluation: Pick<Evaluation, 'probabilities'>,
  classNames: readonly string[],
): Picture {
  requireNames('plots.confusion', set, classNames)
  const matrix = confusionOf(predictionsOf(set, evaluation))
  const names = classNames.map((name) => shortened(name, MAX_NAME))
  const cell = names.length <= FEW_CLASSES ? CELL.few : CELL.many
  const [left, top] = [Math.max(...names.map(widthOf)) + 8, 20 + Math.max(...names.map(widthOf))]
  const rows = matrix.map((row, r) => {
    const all = Math.max(
      1,
      row.reduce((sum, count) => sum + count, 0),
    )
    const y = top + r * cell
    const cells = row.map((count, c) => cellAt(count, count / all, left + c * cell, y, cell))
    return label(left - 6, y + cell / 2 + 4, names[r] ?? '', { 'text-anchor': 'end', ...small(cell) }) + cells.join('')
  })
  const columns = names.map((name, c) => {
    const [x, y] = [round(left + c * cell + cell / 2 + 4), round(top - 5)]
    return label(x, y, name, { transform: `rotate(-90 ${x} ${y})`, ...small(cell) })
  })
  const right = matrix.reduce((sum, row, r) => sum + (row[r] ?? 0), 0)
  const text = `Rows are the true classes, columns the named ones: ${right} of ${set.labels.length} images are named rightly`
  const size = { width: left + names.length * cell + 4, height: top + names.length * cell + 4 }
  return { svg: svgOf(text, size, label(0, 12, 'is ↓  named →', { 'font-weight': 'bold' }), ...columns, ...rows), text }
}

const small = (cell: number): Record<string, number> => (cell === CELL.many ? { 'font-size': 10 } : {})

function cellAt(count: number, share: number, x: number, y: number, size: number): string {
  const place = { x: round(x), y: round(y), width: size - 1, height: size - 1 }
  const ground = tag('rect', { ...place, fill: COLOUR, 'fill-opacity': Math.max(0.04, round(share * 10) / 10) })
  if (count === 0 || size === CELL.many) return ground
  const fill = share >= WHITE_FROM ? { fill: '#ffffff' } : {}
  return (
    ground +
    label(x + size / 2 - 0.5, y + size / 2 + 3.5, `${count}`, { 'text-anchor': 'middle', 'font-size': 10, ...fill })
  )
}
