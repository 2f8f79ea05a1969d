import { countsOf } from '../datasets/classWeights.ts'
import { SIDES } from '../datasets/folder/contentSides.ts'
import type { Dataset } from '../datasets/types.ts'
import { COLOURS } from '../view/chart.ts'
import { tag } from '../view/markup.ts'
import { label, type Picture, round, shortened, svgOf, widthOf } from './picture.ts'

const ROW = 18
const BAR_WIDTH = 360
const MAX_NAME = 24

/** Images of each class as bars, in the colours of the three sets. */
export function balance({
  train,
  validation,
  test,
  task,
}: Pick<Dataset, 'train' | 'validation' | 'test' | 'task'>): Picture {
  const sets = { train, validation, test }
  const counts = SIDES.map((side) => countsOf(sets[side].labels, task.classNames.length))
  const totals = task.classNames.map((_, c) => counts.reduce((sum, of) => sum + (of[c] ?? 0), 0))
  const [most, fewest] = [Math.max(...totals), Math.min(...totals)]
  const names = task.classNames.map((name) => shortened(name, MAX_NAME))
  const left = Math.max(...names.map(widthOf)) + 8
  const rows = names.map((name, c) => {
    const y = 22 + c * ROW
    let x = left
    const bars = SIDES.map((_, s) => {
      const width = ((counts[s]?.[c] ?? 0) / Math.max(1, most)) * BAR_WIDTH
      const bar = tag('rect', { x: round(x), y, width: round(width), height: ROW - 4, fill: COLOURS[s] ?? COLOURS[0] })
      x += width
      return bar
    })
    return (
      label(left - 6, y + 11, name, { 'text-anchor': 'end' }) + bars.join('') + label(x + 5, y + 11, `${totals[c]}`)
    )
  })
  const legend = SIDES.map((side, s) => {
    const x = left + s * 90
    return (
      tag('rect', { x: round(x), y: 2, width: 10, height: 10, fill: COLOURS[s] ?? COLOURS[0] }) +
      label(x + 15, 12, side)
    )
  })
  const text = `Images of each class: ${fewest} of "${task.classNames[totals.indexOf(fewest)]}" to ${most} of "${task.classNames[totals.indexOf(most)]}"`
  const size = { width: left + BAR_WIDTH + 50, height: 26 + names.length * ROW }
  return { svg: svgOf(text, size, ...legend, ...rows), text }
}
