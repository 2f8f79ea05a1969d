import type { Model, Params } from '@pawprint/protocol'
import { niceRange } from './chart.ts'
import { differingKeys } from './differs.ts'

/** One vertical line: a hyperparameter, or last the metric. `high` and `low` label its ends. */
export interface Axis {
  readonly name: string
  readonly high: number
  readonly low: number
  /** Positions are by the logarithm: learning rates of 0.001, 0.01 and 0.1 lie evenly. */
  readonly log: boolean
}
export interface Strand {
  readonly sha1: string
  /** 0 (low end) to 1 (high end) on each axis. */
  readonly places: readonly number[]
  readonly value: number
  readonly kind: 'best' | 'plain' | 'lost'
}
type Run = Pick<Model, 'sha1' | 'params' | 'metrics' | 'finite'>

const LOG_FROM_RATIO = 50

function axisOf(name: string, params: readonly Params[]): Axis {
  const values = params.map((one) => one[name]).filter((value) => value !== undefined)
  const low = Math.min(...values)
  const high = Math.max(...values)
  return { name, low, high, log: low > 0 && high / low >= LOG_FROM_RATIO }
}

/** Place on an axis, 0 to 1; the middle where the axis has no width. */
export function placeOn({ low, high, log }: Axis, value: number): number {
  if (high === low) return 0.5
  const scale = log ? Math.log : (x: number) => x
  return (scale(value) - scale(low)) / (scale(high) - scale(low))
}

/** The parallel coordinates of a job's models: only keys that differ, the metric last. `best` is the highest or lowest. */
export function strandsOf(
  runs: readonly Run[],
  metric: { readonly name: string; readonly direction: 'max' | 'min'; readonly min: number },
): { readonly axes: Axis[]; readonly strands: Strand[] } {
  const params = runs.map((run) => run.params)
  const measureOf = (run: Run): number => run.metrics[metric.name] ?? metric.min
  const { low, high } = niceRange(runs.map(measureOf), metric.min === 0)
  const axes = [
    ...differingKeys(params).map((key) => axisOf(key, params)),
    { name: metric.name, low, high, log: false },
  ]
  const healthy = runs.filter((run) => run.finite && run.metrics[metric.name] !== undefined)
  const order = (a: Run, b: Run) =>
    metric.direction === 'max' ? measureOf(b) - measureOf(a) : measureOf(a) - measureOf(b)
  const best = healthy.toSorted(order)[0]
  const strands = runs.map((run): Strand => {
    const places = axes.map((axis, i) =>
      placeOn(axis, i === axes.length - 1 ? measureOf(run) : (run.params[axis.name] ?? axis.low)),
    )
    return {
      sha1: run.sha1,
      places,
      value: measureOf(run),
      kind: run === best ? 'best' : run.finite ? 'plain' : 'lost',
    }
  })
  // The best is drawn last, in front.
  return { axes, strands: strands.sort((a, b) => Number(a.kind === 'best') - Number(b.kind === 'best')) }
}

/** Room around the axes, in px. */
export const LINES_EDGE = { left: 54, right: 66, top: 34, bottom: 20 } as const

export const axisX = (index: number, axes: number, width: number): number =>
  axes === 1
    ? width - LINES_EDGE.right
    : LINES_EDGE.left + (index / (axes - 1)) * (width - LINES_EDGE.left - LINES_EDGE.right)

export const placeY = (place: number, height: number): number =>
  height - LINES_EDGE.bottom - place * (height - LINES_EDGE.top - LINES_EDGE.bottom)

/** A smooth line through all axes. */
export function strandPath(places: readonly number[], width: number, height: number): string {
  return places
    .map((place, i) => {
      const x = axisX(i, places.length, width)
      const y = placeY(place, height).toFixed(1)
      if (i === 0) return `M${x.toFixed(1)} ${y}`
      const before = axisX(i - 1, places.length, width)
      const middle = ((before + x) / 2).toFixed(1)
      return `C${middle} ${placeY(places[i - 1] ?? 0, height).toFixed(1)} ${middle} ${y} ${x.toFixed(1)} ${y}`
    })
    .join('')
}

/** Labels at the last axis, pushed apart so that none covers another; best first, then what still fits. */
export function labelPlaces(
  strands: readonly Strand[],
  height: number,
  gapPx = 13,
): { readonly sha1: string; readonly y: number }[] {
  const wanted = strands
    .map((strand) => ({
      sha1: strand.sha1,
      best: strand.kind === 'best',
      y: placeY(strand.places.at(-1) ?? 0, height),
    }))
    .sort((a, b) => Number(b.best) - Number(a.best) || a.y - b.y)
  const taken: { sha1: string; y: number }[] = []
  for (const { sha1, y } of wanted) if (taken.every((other) => Math.abs(other.y - y) >= gapPx)) taken.push({ sha1, y })
  return taken
}
