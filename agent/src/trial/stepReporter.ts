import type { Epoch, StepReport } from '@pawprint/engine'
import type { AttemptRecord } from '@pawprint/protocol'
import { duration, percent } from '../format.ts'

/** A trial has this many log lines of its batches, and more where a second passes between two. */
const LINES_PER_TRIAL = 50
const LINE_EVERY_MS = 1000

/** Points of one curve that a call of `fit` gives at most, however long it takes: pages hold and draw all of them. */
const POINTS_PER_CURVE = 2000

/** What a reporter makes of the engine's reports. */
export interface Reported {
  readonly records: readonly AttemptRecord[]
  /** Fraction of all steps that are done; never goes back. */
  readonly progress: number
}

type Step = Omit<StepReport, 'losses'>

/** Turns steps and epochs into curves and log lines. `title` is "trial 2"; `timeOf` is ISO 8601. */
export interface StepReporter {
  onStep(report: Step, nowMs: number): Reported
  onEpoch(epoch: Epoch, nowMs: number): Reported
}

export interface StepReporterSettings {
  readonly title: string
  /** Epochs and steps of all calls of `fit` before this one. */
  readonly epochsBefore: number
  readonly metricEveryMs: number
  readonly timeOf: () => string
}

/**
 * A point comes about every `metricEveryMs`, and at most one for each 1/2,000 of all steps; it is the mean over all steps since the
 * point before. A log line comes each 2 % of all steps, and at least each second.
 */
export function createStepReporter(settings: StepReporterSettings): StepReporter {
  const { title, epochsBefore, timeOf } = settings
  let lineAtMs = Number.NEGATIVE_INFINITY
  let lineAtStep = 0
  let steps = 0

  const log = (text: string): AttemptRecord => ({
    kind: 'log',
    time: timeOf(),
    level: 'info',
    text: `${title}: ${text}`,
  })
  const metric = (epoch: number, step: number, name: string, value: number | undefined): AttemptRecord[] =>
    value === undefined || !Number.isFinite(value)
      ? [] // JSON knows neither NaN nor infinity; the log line says it.
      : [{ kind: 'metric', time: timeOf(), epoch: epoch + epochsBefore, step, name, value }]

  const curves = createThinner(settings.metricEveryMs)

  return {
    onStep(report, nowMs) {
      const { epoch, step, steps: all, loss, accuracy } = report
      steps = all
      const point = curves(report, nowMs)
      const records: AttemptRecord[] =
        point === null
          ? []
          : [...metric(epoch, step, 'loss', point.loss), ...metric(epoch, step, 'accuracy', point.accuracy)]
      if ((step - lineAtStep) * LINES_PER_TRIAL >= all || nowMs - lineAtMs >= LINE_EVERY_MS) {
        lineAtMs = nowMs
        lineAtStep = step
        records.push(log(`batch ${step} of ${all}, loss ${loss.toFixed(3)}, accuracy ${percent(accuracy)}`))
      }
      return { records, progress: step / all }
    },
    onEpoch(report, nowMs) {
      const { epoch, epochs, step, loss, accuracy, validationLoss, validationAccuracy } = report
      lineAtMs = nowMs
      lineAtStep = step
      const validation = validationAccuracy === undefined ? '' : `, validation accuracy ${percent(validationAccuracy)}`
      const numbers = `loss ${loss.toFixed(3)}, accuracy ${percent(accuracy)}${validation}`
      const speed = `${duration(report.seconds)}, ${Math.round(report.samplesPerSecond)} images/s`
      const records = [
        ...metric(epoch, step, 'validationLoss', validationLoss),
        ...metric(epoch, step, 'validationAccuracy', validationAccuracy),
        log(`epoch ${epoch} of ${epochs}: ${numbers} (${speed})`),
      ]
      return { records, progress: steps === 0 ? 0 : step / steps }
    },
  }
}

type Point = Pick<StepReport, 'loss' | 'accuracy'>

/** Takes every report; gives a point when one is due, else null. */
function createThinner(everyMs: number): (report: Step, nowMs: number) => Point | null {
  let pointMs = Number.NEGATIVE_INFINITY
  let pointShare = -1
  let lastStep: number | undefined
  let sums = { loss: 0, accuracy: 0, steps: 0 }
  return ({ step, steps, loss, accuracy }, nowMs) => {
    // A report does not say how many images it is about, but all steps but an epoch's last are of one size.
    const count = lastStep === undefined ? 1 : step - lastStep
    lastStep = step
    sums = { loss: sums.loss + loss * count, accuracy: sums.accuracy + accuracy * count, steps: sums.steps + count }
    const share = Math.floor((step * POINTS_PER_CURVE) / steps)
    // Reports come about every `everyMs` by themselves: were one left out for being early by a little, gaps would double.
    const isDue = nowMs - pointMs >= everyMs / 2 && share > pointShare
    if (!isDue && step < steps) return null
    const point = { loss: sums.loss / sums.steps, accuracy: sums.accuracy / sums.steps }
    pointMs = nowMs
    pointShare = share
    sums = { loss: 0, accuracy: 0, steps: 0 }
    return point
  }
}
