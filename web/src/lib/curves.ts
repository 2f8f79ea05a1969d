import type { MetricPoint } from '@pawprint/protocol'

/** Most points held of one curve; every second one goes when there are more. A screen is narrower than this. */
export const MAX_POINTS = 2000
/** Curves are held for this many trials, the newest. */
export const MAX_CURVES = 24

/** One metric of one trial over its steps. */
export interface Curve {
  readonly trial: number
  attempt: number
  readonly steps: number[]
  readonly values: number[]
}

/** Curves of a job, by metric name and trial. Changed in place, as points come fast. */
export interface Curves {
  lastSeq: number
  readonly byName: Map<string, Map<number, Curve>>
}

export const openCurves = (): Curves => ({ lastSeq: 0, byName: new Map() })

function curveOf(curves: Curves, { name, trial, attempt }: MetricPoint): Curve {
  const ofName = curves.byName.get(name) ?? new Map<number, Curve>()
  curves.byName.set(name, ofName)
  const curve = ofName.get(trial) ?? { trial, attempt, steps: [], values: [] }
  ofName.set(trial, curve)
  if (ofName.size > MAX_CURVES) ofName.delete(Math.min(...ofName.keys()))
  return curve
}

/** A later attempt goes on from a checkpoint: what the lost one drew past it goes. */
function cutTo(curve: Curve, step: number): void {
  while ((curve.steps.at(-1) ?? -1) >= step) {
    curve.steps.pop()
    curve.values.pop()
  }
}

function thin(curve: Curve): void {
  if (curve.steps.length <= MAX_POINTS) return
  const keep = (_: number, i: number): boolean => i % 2 === 0
  curve.steps.splice(0, Number.POSITIVE_INFINITY, ...curve.steps.filter(keep))
  curve.values.splice(0, Number.POSITIVE_INFINITY, ...curve.values.filter(keep))
}

/** Adds points, each once. Points of an attempt that was given up are left out. */
export function addPoints(curves: Curves, points: readonly MetricPoint[]): void {
  for (const point of points) {
    if (point.seq <= curves.lastSeq) continue
    curves.lastSeq = point.seq
    const curve = curveOf(curves, point)
    if (point.attempt < curve.attempt) continue
    curve.attempt = point.attempt
    cutTo(curve, point.step)
    curve.steps.push(point.step)
    curve.values.push(point.value)
    thin(curve)
  }
}

/** The curves of a metric, oldest trial first, so that the newest is drawn in front. */
export const curvesOf = (curves: Curves, name: string): Curve[] =>
  [...(curves.byName.get(name)?.values() ?? [])].sort((a, b) => a.trial - b.trial)
