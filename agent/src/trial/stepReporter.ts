import type { Epoch, StepReport } from '@pawprint/engine'
import type { AttemptRecord } from '@pawprint/protocol'
import { duration, percent } from '../format.ts'

/** A trial has this many log lines of its batches, and more where a second passes between two. */
const LINES_PER_TRIAL = 50
const LINE_EVERY_MS = 1000

/** What a reporter makes of the engine's reports. */
export interface Reported {
  readonly records: readonly AttemptRecord[]
  /** Fraction of all steps that are done; never goes back. */
  readonly progress: number
}

/** Turns steps and epochs into curves and log lines. `title` is "trial 2"; `timeOf` is ISO 8601. */
export interface StepReporter {
  onStep(report: StepReport, nowMs: number): Reported
  onEpoch(epoch: Epoch, nowMs: number): Reported
}

export interface StepReporterSettings {
  readonly title: string
  /** Epochs and steps of all calls of `fit` before this one. */
  readonly epochsBefore: number
  readonly metricEveryMs: number
  readonly timeOf: () => string
}

/** Metrics come at most every `metricEveryMs`; a log line comes each 2 % of all steps, and at least each second. */
export function createStepReporter(settings: StepReporterSettings): StepReporter {
  const { title, epochsBefore, timeOf } = settings
  let lineAtMs = Number.NEGATIVE_INFINITY
  let metricAtMs = Number.NEGATIVE_INFINITY
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

  return {
    onStep({ epoch, step, steps: all, loss, accuracy }, nowMs) {
      steps = all
      const records: AttemptRecord[] = []
      if (nowMs - metricAtMs >= settings.metricEveryMs) {
        metricAtMs = nowMs
        records.push(...metric(epoch, step, 'loss', loss), ...metric(epoch, step, 'accuracy', accuracy))
      }
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
