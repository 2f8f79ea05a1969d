import * as v from 'valibot'
import { DataReport } from './dataReport.ts'
import { Config, Fields } from './fields.ts'
import { MAX_METRICS, MAX_REQUIREMENTS } from './limits.ts'
import { JobData, NotebookData } from './newData.ts'
import { Sha1 } from './sha1.ts'
import { Count, Finite, Fraction, Id, Name, Text, Time } from './values.ts'

export const MetricName = v.pipe(v.string(), v.maxLength(64))
const TaskMetricName = v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'a metric name in camelCase'))

/** Scores of one class that a task may ask for, as in a model's evaluation. */
export const CLASS_METRICS = ['precision', 'recall', 'f1', 'auc', 'averagePrecision'] as const

/** What a model must reach to be deployed by itself: a metric of its report, or with `className` a score of that class. */
export const Requirement = v.pipe(
  v.object({
    metric: TaskMetricName,
    className: v.optional(Name),
    min: v.optional(Finite),
    max: v.optional(Finite),
  }),
  v.check(({ min, max }) => min !== undefined || max !== undefined, 'a requirement with min or max'),
  v.check(({ min, max }) => min === undefined || max === undefined || min <= max, 'a min that is not above max'),
  v.check(
    ({ metric, className }) => className === undefined || CLASS_METRICS.some((name) => name === metric),
    `with className one of ${CLASS_METRICS.join(', ')}`,
  ),
)
export type Requirement = v.InferOutput<typeof Requirement>

/** What a model is for. Models are compared within a task only; the name is also a folder's name. */
export const Task = v.pipe(
  v.object({
    name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and "-"')),
    classNames: v.pipe(v.array(Name), v.minLength(2), v.maxLength(1000)),
    metric: v.object({ name: TaskMetricName, direction: v.picklist(['max', 'min']), min: Finite, max: Finite }),
    requirements: v.optional(v.pipe(v.array(Requirement), v.maxLength(MAX_REQUIREMENTS), v.readonly())),
  }),
  v.check(
    ({ classNames, requirements = [] }) =>
      requirements.every(({ className }) => className === undefined || classNames.includes(className)),
    'requirements of classes that the task has',
  ),
)
export type Task = v.InferOutput<typeof Task>

/** Test accuracy: a fraction, higher is better. What tasks use unless they name another metric. */
export const TEST_ACCURACY: Task['metric'] = { name: 'testAccuracy', direction: 'max', min: 0, max: 1 }

export const NotebookState = v.picklist(['idle', 'busy', 'unreachable', 'gone'])
export type NotebookState = v.InferOutput<typeof NotebookState>

export const Notebook = v.object({
  name: Name,
  task: Task,
  /** As its agent found it before training. */
  data: v.optional(DataReport),
  state: NotebookState,
  /** When it came into this state. */
  since: Time,
  schema: Fields,
  config: Config,
  /** The values before the last change, for undo; null when nothing was changed. */
  previousConfig: v.nullable(Config),
  engine: v.string(),
  cores: Count,
  /** The job it works on. */
  job: v.nullable(Id),
  /** Median seconds of earlier trials, for estimates; null before the first. */
  trialSeconds: v.nullable(Finite),
  /** While it counts down: when it ends by itself, by the store's clock, and how long a whole round is, in milliseconds. */
  exit: v.optional(v.object({ at: Time, afterMs: Count })),
  /** Once it has said what is in its folders. */
  newData: v.optional(NotebookData),
})
export type Notebook = v.InferOutput<typeof Notebook>

export const JobState = v.picklist(['queued', 'running', 'stopping', 'done', 'failed', 'cancelled'])
export type JobState = v.InferOutput<typeof JobState>
export const TrialState = v.picklist(['waiting', 'running', 'done', 'failed', 'cancelled'])
export type TrialState = v.InferOutput<typeof TrialState>

export const Metrics = v.pipe(v.record(MetricName, Finite), v.maxEntries(MAX_METRICS))
export type Metrics = v.InferOutput<typeof Metrics>

export const Trial = v.object({
  /** Place in the grid, from 0. Screens count from 1. */
  index: Count,
  params: v.record(v.string(), Finite),
  state: TrialState,
  /** 0 before the first attempt, then 1 to 3. */
  attempt: Count,
  /** Fraction of all steps that are done. */
  progress: Fraction,
  sha1: v.nullable(Sha1),
  metrics: Metrics,
  startedAt: v.nullable(Time),
  endedAt: v.nullable(Time),
  /** Why it failed or was cancelled; else null. */
  reason: v.nullable(Text),
})
export type Trial = v.InferOutput<typeof Trial>

/** What came of training a model again: the weights that were made, and whether they are the model's, byte for byte. */
export const Reproduced = v.object({ sha1: Sha1, isSame: v.boolean(), at: Time })
export type Reproduced = v.InferOutput<typeof Reproduced>

/** The model that a job of one trial trains again, and the engine that trained it. */
export const Reproduction = v.object({
  sha1: Sha1,
  engine: v.string(),
  /** Recorded when its trial is done; null until then. */
  result: v.nullable(Reproduced),
})
export type Reproduction = v.InferOutput<typeof Reproduction>

export const Job = v.object({
  id: Id,
  /** Counts from 1 within a store: "Job 14". */
  number: Count,
  notebook: Name,
  task: Task.entries.name,
  state: JobState,
  seed: Count,
  config: Config,
  /** Place in its notebook's queue, 1 = next; only while it has not started. */
  position: v.optional(v.pipe(Count, v.minValue(1))),
  createdAt: Time,
  startedAt: v.nullable(Time),
  endedAt: v.nullable(Time),
  /** Last sign of life of its notebook while it ran. */
  heardAt: v.nullable(Time),
  /** Log lines kept so far; the last one's seq. */
  logLines: Count,
  trials: v.array(Trial),
  reproduces: v.optional(Reproduction),
  /** Its notebook's data when a trial of it was started last. */
  data: v.optional(DataReport),
  newData: v.optional(JobData),
})
export type Job = v.InferOutput<typeof Job>

export const LogLevel = v.picklist(['debug', 'info', 'warn', 'error'])
/** `seq` counts from 1 within a job, without gaps. `trial` is null for lines about the whole job. */
export const LogLine = v.object({ seq: Count, time: Time, trial: v.nullable(Count), level: LogLevel, text: Text })
export type LogLine = v.InferOutput<typeof LogLine>

/** One point of a curve. Names: loss, accuracy (while training, over the last steps), validationLoss, validationAccuracy. */
export const MetricPoint = v.object({
  seq: Count,
  trial: Count,
  attempt: Count,
  epoch: Count,
  step: Count,
  name: MetricName,
  value: Finite,
})
export type MetricPoint = v.InferOutput<typeof MetricPoint>
