import type { Intervals, Model } from '@pawprint/protocol'

/** What a model was found to be on one set of test images. */
export interface TestSetRow {
  readonly fingerprint: string
  readonly count: number
  readonly at: string
  /** Of the metric that is asked for; undefined where it was not measured. */
  readonly value: number | undefined
  readonly interval: readonly [number, number] | undefined
  /** Whether its own trial measured it there. */
  readonly isOwn: boolean
}

/** Figures of a model on each test set: those that its trial reported last, then what it was found to be on others, newest first. */
export function testSetsOf(
  { testSet, metrics, origins, createdAt, reevaluations = [] }: Model,
  metric: string,
  intervals: Intervals = {},
): TestSetRow[] {
  const own: TestSetRow = {
    ...testSet,
    at: origins.at(-1)?.at ?? createdAt,
    value: metrics[metric],
    interval: intervals[metric],
    isOwn: true,
  }
  const others = reevaluations.toReversed().map((one) => ({
    ...one.testSet,
    at: one.at,
    value: one.metrics[metric],
    interval: one.intervals?.[metric],
    isOwn: false,
  }))
  return [own, ...others]
}
