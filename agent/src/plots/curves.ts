import type { Epoch } from '@pawprint/engine'
import { percent } from '../format.ts'
import { COLOURS } from '../view/chart.ts'
import { tag } from '../view/markup.ts'
import { label, type Picture, round, svgOf, widthOf } from './picture.ts'

/** One of the two plots, px. */
const PLOT = { width: 330, height: 200, left: 46, right: 10, top: 24, bottom: 26 } as const
const LEGEND_HEIGHT = 20

type Read = (epoch: Epoch) => number | undefined
interface Quantity {
  readonly title: string
  readonly training: Read
  readonly validation: Read
  readonly show: (value: number) => string
}
const QUANTITIES: readonly Quantity[] = [
  {
    title: 'loss',
    training: ({ loss }) => loss,
    validation: ({ validationLoss }) => validationLoss,
    show: (value) => String(Number(value.toPrecision(3))),
  },
  {
    title: 'accuracy',
    training: ({ accuracy }) => accuracy,
    validation: ({ validationAccuracy }) => validationAccuracy,
    show: (value) => `${Math.round(value * 100)} %`,
  },
]

/** Loss and accuracy by epoch of one training or several, by name: lines for training images, rings for validation. Empty without an epoch. */
export function curves(runs: Readonly<Record<string, readonly Epoch[]>>): Picture {
  const all = Object.entries(runs).filter(([, epochs]) => epochs.length > 0)
  if (all.length === 0) return { svg: '', text: 'No epoch yet' }
  const plots = QUANTITIES.map((quantity, at) => plotOf(quantity, all, at * PLOT.width))
  let x = PLOT.left
  const legend = [...all.map(([name]) => name), '○ validation'].map((name, at) => {
    const isRun = at < all.length
    const line = isRun ? tag('path', { d: `M${round(x)} ${PLOT.height + 10}h18`, ...strokeOf(at) }) : ''
    const entry = line + label(x + (isRun ? 23 : 0), PLOT.height + 14, name)
    x += widthOf(name) + 40
    return entry
  })
  const size = { width: Math.max(2 * PLOT.width, x), height: PLOT.height + LEGEND_HEIGHT }
  const text = `Loss and accuracy by epoch: ${all.map(sentence).join('; ')}`
  return { svg: svgOf(text, size, ...plots, ...legend), text }
}

const strokeOf = (at: number): Record<string, string | number> => ({
  fill: 'none',
  stroke: COLOURS[at % COLOURS.length] ?? COLOURS[0],
  'stroke-width': 2,
  // Lines of one colour differ by their dashes.
  'stroke-dasharray': at < COLOURS.length ? 'none' : `${3 * Math.floor(at / COLOURS.length)} 3`,
})

function sentence([name, epochs]: [string, readonly Epoch[]]): string {
  const { loss = Number.NaN, accuracy = Number.NaN, validationAccuracy } = epochs.at(-1) ?? {}
  const held = validationAccuracy === undefined ? '' : `, ${percent(validationAccuracy)} on validation images`
  return `${name} ends at loss ${loss.toFixed(3)}, accuracy ${percent(accuracy)}${held}`
}

function plotOf(quantity: Quantity, runs: readonly [string, readonly Epoch[]][], from: number): string {
  const { title, training, validation, show } = quantity
  const epochs = runs.flatMap(([, all]) => all)
  const last = Math.max(2, ...runs.map(([, all]) => all.length))
  const values = epochs.flatMap((epoch) => [training(epoch), validation(epoch)]).filter((v) => Number.isFinite(v))
  const top = title === 'accuracy' ? 1 : Math.max(1e-9, ...(values as number[]))
  const [left, right] = [from + PLOT.left, from + PLOT.width - PLOT.right]
  const bottom = PLOT.height - PLOT.bottom
  const xOf = (at: number): number => round(left + (at / (last - 1)) * (right - left))
  const yOf = (value: number): number => round(bottom - (Math.max(0, value) / top) * (bottom - PLOT.top))
  const grid = [0, top / 2, top].map(
    (value) =>
      tag('path', { d: `M${left} ${yOf(value)}H${right}`, stroke: 'currentColor', 'stroke-opacity': 0.25 }) +
      label(left - 6, yOf(value) + 4, show(value), { 'text-anchor': 'end' }),
  )
  const lines = runs.map(([, all], at) => {
    const points = placesOf(all, training).map(([i, value]) => `${xOf(i)} ${yOf(value)}`)
    const rings = placesOf(all, validation).map(([i, value]) =>
      tag('circle', { cx: xOf(i), cy: yOf(value), r: 3.5, ...strokeOf(at), 'stroke-dasharray': 'none' }),
    )
    // A single point has no line yet; its round cap shows it.
    const d = `M${points.join('L')}${points.length === 1 ? 'h0.1' : ''}`
    return (points.length === 0 ? '' : tag('path', { d, ...strokeOf(at), 'stroke-linecap': 'round' })) + rings.join('')
  })
  const axis = [
    label(left, 12, title, { 'font-weight': 'bold' }),
    label(left, PLOT.height - 8, 'epoch 1'),
    label(right, PLOT.height - 8, `${last}`, { 'text-anchor': 'end' }),
  ]
  return [...axis, ...grid, ...lines].join('')
}

/** Values of epochs that have a finite one, with their places from 0. */
const placesOf = (epochs: readonly Epoch[], read: Read): [number, number][] =>
  epochs.flatMap((epoch, at): [number, number][] => {
    const value = read(epoch)
    return value === undefined || !Number.isFinite(value) ? [] : [[at, value]]
  })
