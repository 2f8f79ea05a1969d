import { type Intervals, MAX_REEVALUATIONS, type Metrics, type Model, type Reevaluation } from '@pawprint/protocol'

type Measured = Pick<Model, 'testSet' | 'metrics' | 'reevaluations'>

/** What a model was found to be on the test set of this fingerprint; null when it was never measured there. */
export function metricsOn({ testSet, metrics, reevaluations = [] }: Measured, fingerprint: string): Metrics | null {
  if (testSet.fingerprint === fingerprint) return metrics
  return reevaluations.find((one) => one.testSet.fingerprint === fingerprint)?.metrics ?? null
}

/** The model with its figures on one more test set; those that it has stay. Of more than 16 sets the oldest is forgotten. */
export function withReevaluation(model: Model, added: Reevaluation): Model {
  if (metricsOn(model, added.testSet.fingerprint) !== null) return model
  return { ...model, reevaluations: [...(model.reevaluations ?? []).slice(1 - MAX_REEVALUATIONS), added] }
}

/** The model as its last report has it. Measured on other images than before, it keeps what it was on those, with the intervals from then. */
export function measuredAgain(
  model: Model,
  { metrics, testSet }: Pick<Model, 'metrics' | 'testSet'>,
  intervals?: Intervals,
): Model {
  if (testSet.fingerprint === model.testSet.fingerprint) return { ...model, metrics, testSet }
  const { reevaluations = [], ...before } = model
  const others = reevaluations.filter((one) => one.testSet.fingerprint !== testSet.fingerprint)
  const at = before.origins.at(-1)?.at ?? before.createdAt
  const former = { testSet: before.testSet, metrics: before.metrics, ...(intervals && { intervals }), at }
  return withReevaluation({ ...before, metrics, testSet, reevaluations: others }, former)
}
