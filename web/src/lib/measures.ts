import type { Metrics, ModelEvaluation } from '@pawprint/protocol'
import { percent } from '@pawprint/ui/format'

type Kind = 'percent' | 'fraction' | 'milliseconds'
interface Known {
  readonly title: string
  /** One plain sentence. */
  readonly about: string
  readonly kind: Kind
}

/** Metrics that the page has words for, in the order in which it shows them. */
export const MEASURES = {
  testAccuracy: {
    title: 'Test accuracy',
    about: 'How many of the test pictures, never used for training, were named rightly.',
    kind: 'percent',
  },
  testTop5: {
    title: 'Top 5',
    about: 'How often the right class is among the five that the model finds likeliest.',
    kind: 'percent',
  },
  testMacroF1: {
    title: 'Macro F1',
    about: 'Precision and recall in one number, the mean over all classes: rare classes count as much as common ones.',
    kind: 'percent',
  },
  testAuc: {
    title: 'AUC',
    about:
      'How often a picture of a class gets a higher score for it than another picture does; 0.5 is guessing, 1 is perfect.',
    kind: 'fraction',
  },
  testMap: {
    title: 'mAP',
    about:
      'Mean average precision: how pure the top of the list is when pictures are sorted by their score for a class.',
    kind: 'fraction',
  },
  testEce: {
    title: 'Calibration error',
    about: 'How far the model’s confidence is from how often it is right; 0 is honest.',
    kind: 'percent',
  },
  latencyMs: {
    title: 'Per picture',
    about: 'How long the model takes for one picture on the machine that trained it, in the median.',
    kind: 'milliseconds',
  },
} as const satisfies Readonly<Record<string, Known>>

export interface Measure {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly text: string
  /** "± 0.9" in the unit of the text; empty where it is not known. */
  readonly spread: string
}

const NBSP = '\u00a0'

function show(kind: Kind, value: number): string {
  if (kind === 'percent') return percent(value)
  return kind === 'fraction' ? value.toFixed(3) : `${Number(value.toPrecision(2))}${NBSP}ms`
}

const kindOf = (name: string): Kind => (isKnown(name) ? MEASURES[name].kind : 'fraction')

/** "± 0.9": half the width of a metric's interval, in points of percent or its own unit; empty where it is not known. */
export function spreadOf(name: string, interval: readonly [number, number] | undefined): string {
  if (interval === undefined) return ''
  const kind = kindOf(name)
  const half = (interval[1] - interval[0]) / 2
  return `±${NBSP}${kind === 'percent' ? (half * 100).toFixed(1) : half.toFixed(3)}`
}

/** "70.3 % to 72.1 %", as an explanation. */
const intervalText = (kind: Kind, [low, high]: readonly [number, number]): string =>
  ` Other test pictures of the same kind may move it from ${show(kind, low)} to ${show(kind, high)} (95${NBSP}% interval).`

const isKnown = (name: string): name is keyof typeof MEASURES => Object.hasOwn(MEASURES, name)

/** What a metric is called on the page. */
export const titleOf = (name: string): string => (isKnown(name) ? MEASURES[name].title : name)

/** What it says, in one plain sentence. */
export const aboutOf = (name: string): string =>
  isKnown(name) ? MEASURES[name].about : 'What models of this task are compared by.'

/** The known metrics of a model, with their intervals. */
export const measuresOf = (metrics: Metrics, intervals: ModelEvaluation['intervals'] = {}): Measure[] =>
  Object.entries<Known>(MEASURES).flatMap(([name, { title, about, kind }]) => {
    const value = metrics[name]
    const interval = intervals[name]
    if (value === undefined) return []
    const more = interval === undefined ? '' : intervalText(kind, interval)
    return [{ name, title, about: about + more, text: show(kind, value), spread: spreadOf(name, interval) }]
  })
