import { CLASS_METRICS, classScoresOf, type Model, type ModelEvaluation, type Requirement } from '@pawprint/protocol'

/** What is known of a model's test. */
export interface Measured extends Pick<Model, 'metrics' | 'classNames'> {
  readonly evaluation: ModelEvaluation | null
}

/** Most misses that are told in one verdict. */
const MAX_TOLD = 3

/** What a model misses of what its task asks for, in plain words; null when it meets all. What was not measured is missed. */
export function missedRequirements(requirements: readonly Requirement[], measured: Measured): string | null {
  const missed = requirements.flatMap((requirement) => missedBy(requirement, measured) ?? [])
  if (missed.length === 0) return null
  const more = missed.length > MAX_TOLD ? [`and ${missed.length - MAX_TOLD} more`] : []
  return [...missed.slice(0, MAX_TOLD), ...more].join('; ')
}

function missedBy(requirement: Requirement, measured: Measured): string | null {
  const { metric, className, min, max } = requirement
  const what = className === undefined ? metric : `${metric} of ${className}`
  const value = className === undefined ? measured.metrics[metric] : scoreOf(metric, className, measured)
  const isLow = min !== undefined && !(value !== undefined && value >= min)
  const bound = isLow ? min : max
  if (bound === undefined || (!isLow && value !== undefined && value <= bound)) return null
  const wanted = isLow ? 'at least' : 'at most'
  if (value === undefined) return `${what} is not known, the task asks for ${wanted} ${bound}`
  const [is, asked] = showPair(value, bound)
  return `${what} is ${is}, the task asks for ${wanted} ${asked}`
}

type Scores = NonNullable<ModelEvaluation['classes']>[number]

/** A score of one class; undefined without pictures of it, which would make it 0 whatever the model. */
function scoreOf(metric: string, className: string, { classNames, evaluation }: Measured): number | undefined {
  const { confusion = [], classes }: ModelEvaluation = evaluation ?? {}
  const all: readonly Partial<Scores>[] = classes ?? classScoresOf(confusion)
  const scores = all[classNames.indexOf(className)]
  const name = CLASS_METRICS.find((one) => one === metric)
  if (name === undefined || scores === undefined || scores.support === 0) return undefined
  return scores[name] ?? undefined
}

/** Two decimals, and more where fewer would look alike. */
function showPair(a: number, b: number): [string, string] {
  for (let digits = 2; ; digits++)
    if (a.toFixed(digits) !== b.toFixed(digits) || digits === 12) return [a.toFixed(digits), b.toFixed(digits)]
}
