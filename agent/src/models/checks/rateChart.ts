import { svgOf } from '../../plots/picture.ts'
import { COLOURS } from '../../view/chart.ts'
import { tag } from '../../view/markup.ts'

/** Room of the plot and of its labels, px. */
const PLOT = { width: 460, height: 220, left: 48, right: 12, top: 26, bottom: 34 } as const

/** What a sweep found. */
export interface Sweep {
  readonly rates: readonly number[]
  readonly losses: readonly number[]
  readonly smoothed: readonly number[]
  readonly suggestion: number | null
}

/** Loss by learning rate as an SVG image, with a title for those who do not see it; empty without a point. */
export function rateChart({ rates, losses, smoothed, suggestion }: Sweep, text: string): string {
  if (rates.length === 0) return ''
  const [from, to] = [Math.log10(rates[0] ?? 1), Math.log10(rates.at(-1) ?? 10)]
  const [low, high] = [Math.min(...smoothed), Math.max(...smoothed)]
  const room = (high - low || 1) * 0.05
  const right = PLOT.width - PLOT.right
  const bottom = PLOT.height - PLOT.bottom
  const xOf = (rate: number): number => PLOT.left + ((Math.log10(rate) - from) / (to - from || 1)) * (right - PLOT.left)
  const yOf = (loss: number): number => {
    const share = (loss - low + room) / (high - low + 2 * room || 1)
    return bottom - Math.min(1, Math.max(0, share)) * (bottom - PLOT.top)
  }
  const path = (values: readonly number[]): string =>
    `M${values.map((value, i) => `${xOf(rates[i] ?? 1).toFixed(1)} ${yOf(value).toFixed(1)}`).join('L')}`
  const line = (d: string, colour: string, width: number, opacity: number): string =>
    tag('path', { d, fill: 'none', stroke: colour, 'stroke-width': width, 'stroke-opacity': opacity })
  return svgOf(
    text,
    PLOT,
    tag('text', { x: PLOT.left, y: 14, 'font-weight': 'bold' }, 'loss by learning rate'),
    ...[low, high].map((loss) => levelAt(loss, yOf(loss), right)),
    ...decades(from, to).map((exponent) => decadeAt(exponent, xOf(10 ** exponent), bottom)),
    line(path(losses), COLOURS[0], 1, 0.4),
    line(path(smoothed), COLOURS[0], 2, 1),
    suggestion === null ? '' : markAt(suggestion, xOf(suggestion), bottom),
  )
}

const decades = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, Math.floor(to) - Math.ceil(from) + 1) }, (_, i) => Math.ceil(from) + i)

const levelAt = (loss: number, y: number, right: number): string =>
  tag('path', { d: `M${PLOT.left} ${y.toFixed(1)}H${right}`, stroke: 'currentColor', 'stroke-opacity': 0.25 }) +
  tag('text', { x: PLOT.left - 6, y: (y + 4).toFixed(1), 'text-anchor': 'end' }, String(Number(loss.toPrecision(3))))

const decadeAt = (exponent: number, x: number, bottom: number): string =>
  tag('path', { d: `M${x.toFixed(1)} ${bottom}v4`, stroke: 'currentColor' }) +
  tag('text', { x: x.toFixed(1), y: bottom + 18, 'text-anchor': 'middle' }, `1e${exponent}`)

function markAt(rate: number, x: number, bottom: number): string {
  const colour = COLOURS[1]
  const isRight = x > PLOT.width / 2
  const label = { x: (x + (isRight ? -6 : 6)).toFixed(1), y: PLOT.top + 24, 'text-anchor': isRight ? 'end' : 'start' }
  return (
    tag('path', {
      d: `M${x.toFixed(1)} ${PLOT.top}V${bottom}`,
      stroke: colour,
      'stroke-width': 2,
      'stroke-dasharray': '4 3',
    }) + tag('text', { ...label, fill: colour, 'font-weight': 'bold' }, rateText(rate))
  )
}

/** `0.0032`, `2.1e-7`: two digits. */
export const rateText = (rate: number): string => String(Number(rate.toPrecision(2)))
