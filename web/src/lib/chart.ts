import type { Curve } from './curves.ts'

/** Room for labels around the curves, in px. */
export const CHART_EDGE = { left: 36, right: 8, top: 8, bottom: 18 } as const

export interface Range {
  readonly low: number
  readonly high: number
}

/** The next 1, 2, 2.5, 5 or 10 × 10ⁿ from `value` on, which is above 0. */
export function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const size = value / power
  return (size <= 1 ? 1 : size <= 2 ? 2 : size <= 2.5 ? 2.5 : size <= 5 ? 5 : 10) * power
}

/** A range with round ends that holds all values; one of width 1 without values. `from0`: it begins at 0. */
export function niceRange(values: readonly number[], from0: boolean): Range {
  if (values.length === 0) return { low: 0, high: 1 }
  const low = from0 ? 0 : values.reduce((a, b) => Math.min(a, b))
  const high = values.reduce((a, b) => Math.max(a, b), from0 ? 0 : Number.NEGATIVE_INFINITY)
  const width = high - low
  if (width <= 0)
    return from0 ? { low: 0, high: 1 } : { low: low - Math.abs(low || 1) / 2, high: low + Math.abs(low || 1) / 2 }
  const step = niceStep(width / 5)
  return { low: Math.floor(low / step) * step, high: Math.ceil(high / step) * step }
}

/** Where things lie on a chart of this size. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly steps: number
  readonly range: Range
}

export const xOf = ({ width, steps }: Frame, step: number): number =>
  CHART_EDGE.left + (step / Math.max(1, steps)) * Math.max(0, width - CHART_EDGE.left - CHART_EDGE.right)

export function yOf({ height, range }: Frame, value: number): number {
  const room = height - CHART_EDGE.top - CHART_EDGE.bottom
  const inside = Math.min(range.high, Math.max(range.low, value))
  return CHART_EDGE.top + ((range.high - inside) / (range.high - range.low)) * room
}

/**
 * Places of the points to draw, at most about two a pixel: the lowest and the highest of each column, in order, so that no
 * spike is lost.
 */
export function downsample(curve: Pick<Curve, 'steps' | 'values'>, columns: number): number[] {
  const { steps, values } = curve
  const count = steps.length
  if (count <= columns * 2) return steps.map((_, i) => i)
  const kept = new Set<number>([0, count - 1])
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * count) / columns)
    const to = Math.floor(((column + 1) * count) / columns)
    let lowest = from
    let highest = from
    for (let i = from; i < to; i++) {
      if ((values[i] ?? 0) < (values[lowest] ?? 0)) lowest = i
      if ((values[i] ?? 0) > (values[highest] ?? 0)) highest = i
    }
    kept.add(lowest).add(highest)
  }
  return [...kept].sort((a, b) => a - b)
}

const place = (frame: Frame, step: number, value: number): string =>
  `${xOf(frame, step).toFixed(1)} ${yOf(frame, value).toFixed(1)}`

/** The `d` of a curve's path; empty for no points. */
export function curvePath(curve: Pick<Curve, 'steps' | 'values'>, frame: Frame): string {
  const points = downsample(curve, Math.max(1, Math.floor(frame.width)))
  const at = points.map((i) => place(frame, curve.steps[i] ?? 0, curve.values[i] ?? 0))
  // A single point is drawn as a dot by its round cap.
  return at.length === 0 ? '' : at.length === 1 ? `M${at[0]}h0` : `M${at.join('L')}`
}

/** Steps that a whole trial has, from what one has done at which progress; rounded, as progress is a little behind. */
export function stepsOf(
  ends: readonly { readonly step: number; readonly progress: number; readonly done: boolean }[],
): number {
  const done = ends.filter((end) => end.done).map(({ step }) => step)
  if (done.length > 0) return Math.max(...done, ...ends.map(({ step }) => step))
  const guesses = ends.map(({ step, progress }) => (progress > 0.02 ? step / progress : step))
  const most = Math.max(1, ...guesses)
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(most)) - 1)
  return Math.ceil(most / unit) * unit
}

/** Curves of the given trials have the classes s1 to s4 in turn, told apart by colour and dash. */
export const seriesOf = (trial: number): 1 | 2 | 3 | 4 => ([1, 2, 3, 4] as const)[trial % 4] ?? 1
