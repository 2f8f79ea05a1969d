import type { StepNumbers } from '../trial/run.ts'
import type { ViewEvent } from './board.ts'

/** Loss and accuracy at a share of a trial's steps, which is from 0 to 1. */
export interface CurvePoint {
  readonly progress: number
  readonly loss: number
  readonly accuracy: number
}

/** How one trial learned. */
export interface Curve {
  readonly trial: number
  readonly training: readonly CurvePoint[]
  /** One point after each epoch that was validated. */
  readonly validation: readonly CurvePoint[]
}

/** The curves of the job of the trial that began last, by attempt; the oldest go when there are many. */
export interface Curves {
  readonly jobNumber: number | null
  readonly all: ReadonlyMap<string, Curve>
}

export const NO_CURVES: Curves = { jobNumber: null, all: new Map() }

/** As many as can be told apart, and as a display can be sent four times a second. */
const MAX_CURVES = 8
/** Two points of a curve that stay are at least this far apart, so a curve has at most 101. */
const MIN_STEP = 0.01
const MAX_VALIDATIONS = 100

/** The curves after an event. */
export function updateCurves(curves: Curves, event: ViewEvent): Curves {
  if (event.type === 'started') {
    const { key, trial, jobNumber } = event
    const isSameJob = jobNumber === curves.jobNumber
    // A trial that starts anew starts its curve anew.
    const others = isSameJob ? [...curves.all].filter(([, curve]) => curve.trial !== trial) : []
    const fresh: Curve = { trial, training: [], validation: [] }
    return { jobNumber, all: new Map([...others.slice(1 - MAX_CURVES), [key, fresh]]) }
  }
  const curve = event.type === 'progress' ? curves.all.get(event.key) : undefined
  if (event.type !== 'progress' || curve === undefined) return curves
  return { ...curves, all: new Map([...curves.all, [event.key, grown(curve, event.progress, event.numbers)]]) }
}

function grown(curve: Curve, progress: number, numbers: StepNumbers): Curve {
  const { loss, accuracy, validationLoss, validationAccuracy } = numbers
  const before = madeRoom(curve, progress)
  const training = withPoint(before.training, { progress, loss, accuracy })
  if (validationLoss === undefined || validationAccuracy === undefined) return { ...before, training }
  const point = { progress, loss: validationLoss, accuracy: validationAccuracy }
  return { ...before, training, validation: [...before.validation, point].slice(-MAX_VALIDATIONS) }
}

/** A further call of `fit` makes what is done a smaller share of all steps: what is drawn moves to the left. */
function madeRoom(curve: Curve, progress: number): Curve {
  const last = curve.training.at(-1)?.progress ?? 0
  if (progress >= last) return curve
  const shrunk = (points: readonly CurvePoint[]): CurvePoint[] =>
    points.map((point) => ({ ...point, progress: (point.progress * progress) / last }))
  return { ...curve, training: shrunk(curve.training), validation: shrunk(curve.validation) }
}

function withPoint(points: readonly CurvePoint[], point: CurvePoint): readonly CurvePoint[] {
  const [before, last] = [points.at(-2), points.at(-1)]
  // The report of an epoch says again what its steps said, as a mean over all of them.
  if (last !== undefined && point.progress <= last.progress) return points
  if (!Number.isFinite(point.loss) || !Number.isFinite(point.accuracy)) return points
  const isClose = before !== undefined && last !== undefined && last.progress - before.progress < MIN_STEP
  return [...(isClose ? points.slice(0, -1) : points), point]
}
