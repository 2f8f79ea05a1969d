import { percent } from '../format.ts'
import { titleOf } from '../trial/assignment.ts'
import type { Curve, CurvePoint, Curves } from './curves.ts'
import { escapeMarkup, tag } from './markup.ts'

/**
 * Colours of trials, in turn. Each has a contrast of at least 3 to white and to the grounds of dark themes, as a display does not
 * know on which it is; all else has the colour of the text around it.
 */
export const COLOURS = ['#3f80ea', '#cf6414', '#9a63e0', '#128f8c'] as const
/** Dashes of trials: they tell lines apart without colour, and lines of one colour, as they turn by one each four trials. */
const DASHES = ['none', '6 3', '2 3', '8 3 2 3'] as const

/** One of the two plots and the room for its labels; px, unless the page has less room. */
const PLOT = { width: 300, height: 150, left: 44, right: 8, top: 24, bottom: 20 } as const
const GAP = 20
const WIDTH = 2 * PLOT.width + GAP

interface Quantity {
  readonly title: string
  readonly read: (point: CurvePoint) => number
  readonly show: (value: number) => string
}

const round = (value: number): string => String(Number(value.toPrecision(3)))
const QUANTITIES: readonly Quantity[] = [
  { title: 'loss', read: ({ loss }) => loss, show: round },
  { title: 'accuracy', read: ({ accuracy }) => accuracy, show: (value) => `${round(value * 100)} %` },
]

/** The curves as an SVG image, with a title for those who do not see it; empty while there is no point. */
export function chartOf({ jobNumber, all }: Curves): string {
  const curves = [...all.values()].filter(({ training }) => training.length > 0).sort((a, b) => a.trial - b.trial)
  if (curves.length === 0) return ''
  const title = `Job ${jobNumber}, loss and accuracy by progress: ${curves.map(sentence).join('; ')}`
  const size = { viewBox: `0 0 ${WIDTH} ${PLOT.height}`, width: WIDTH, style: 'max-width:100%;height:auto' }
  const plots = QUANTITIES.map((quantity, i) => plotOf(quantity, curves, i * (PLOT.width + GAP)))
  const text = { fill: 'currentColor', 'font-size': 12 }
  return tag('svg', { role: 'img', ...size, ...text }, tag('title', {}, escapeMarkup(title)), ...plots)
}

/** Which line is which trial. */
export function legendOf({ all }: Curves): string {
  const trials = [...all.values()].map(({ trial }) => trial).sort((a, b) => a - b)
  const entries = trials.map((trial) => {
    const line = tag('path', { d: 'M1 5h26', ...strokeOf(trial) })
    return `${tag('svg', { 'aria-hidden': 'true', width: 28, height: 10 }, line)} ${titleOf(trial)}`
  })
  const whole = { style: 'white-space:nowrap;margin-right:1em' }
  return [...entries, '○ validation'].map((entry) => tag('span', whole, entry)).join(' ')
}

function strokeOf(trial: number): Readonly<Record<string, string | number>> {
  const turn = Math.floor(trial / COLOURS.length)
  const stroke = COLOURS[trial % COLOURS.length] ?? COLOURS[0]
  return {
    fill: 'none',
    stroke,
    'stroke-width': 2,
    'stroke-dasharray': DASHES[(trial + turn) % DASHES.length] ?? 'none',
  }
}

function sentence({ trial, training }: Curve): string {
  const { loss = Number.NaN, accuracy = Number.NaN } = training.at(-1) ?? {}
  return `${titleOf(trial)} at loss ${loss.toFixed(3)}, accuracy ${percent(accuracy)}`
}

/** Where values lie in a plot: its left and right end, and the height of a value. */
interface Frame {
  readonly from: number
  readonly to: number
  readonly top: number
  readonly yOf: (value: number) => number
}

function plotOf(quantity: Quantity, curves: readonly Curve[], left: number): string {
  const points = curves.flatMap(({ training, validation }) => [...training, ...validation])
  const top = roundUp(Math.max(...points.map(quantity.read).filter(Number.isFinite)))
  const room = PLOT.height - PLOT.top - PLOT.bottom
  const yOf = (value: number): number => PLOT.top + (1 - Math.max(0, value) / top) * room
  const frame = { from: left + PLOT.left, to: left + PLOT.width - PLOT.right, top, yOf }
  return axesOf(quantity, frame) + curves.map((curve) => lineOf(quantity, curve, frame)).join('')
}

/** The line of the training, and a ring for each validation. */
function lineOf({ read }: Quantity, { trial, training, validation }: Curve, { from, to, yOf }: Frame): string {
  const xOf = ({ progress }: CurvePoint): string => (from + Math.min(1, progress) * (to - from)).toFixed(1)
  const stroke = strokeOf(trial)
  const places = training.map((point) => `${xOf(point)} ${yOf(read(point)).toFixed(1)}`)
  // A single point has no line yet; its round cap shows it.
  const d = `M${places.join('L')}${places.length === 1 ? 'h0' : ''}`
  const rings = validation
    .filter((point) => Number.isFinite(read(point)))
    .map((point) => ({
      cx: xOf(point),
      cy: yOf(read(point)).toFixed(1),
      r: 3.5,
      ...stroke,
      'stroke-dasharray': 'none',
    }))
  const line = tag('path', { d, ...stroke, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' })
  return line + rings.map((ring) => tag('circle', ring)).join('')
}

function axesOf({ title, show }: Quantity, { from, to, top, yOf }: Frame): string {
  const bottom = PLOT.height - 4
  const grid = [0, top / 2, top].map((value) => {
    const y = yOf(value)
    const line = tag('path', { d: `M${from} ${y}H${to}`, stroke: 'currentColor', 'stroke-opacity': 0.25 })
    return line + tag('text', { x: from - 6, y: y + 4, 'text-anchor': 'end' }, show(value))
  })
  return [
    tag('text', { x: from, y: 12, 'font-weight': 'bold' }, title),
    tag('text', { x: from, y: bottom }, '0 %'),
    tag('text', { x: to, y: bottom, 'text-anchor': 'end' }, '100 % of the steps'),
    ...grid,
  ].join('')
}

/** The next 1, 2, 2.5, 5 or 10 × 10ⁿ from `value` on; 1 for what is not above 0. */
function roundUp(value: number): number {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const size = value / power
  return ([1, 2, 2.5, 5].find((step) => size <= step) ?? 10) * power
}
