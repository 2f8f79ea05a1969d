import * as v from 'valibot'
import { ErrorBody } from './error.ts'
import { Config, Fields } from './fields.ts'
import { MAX_LOG_LINE_BYTES, MAX_METRICS, MAX_NAME_LENGTH } from './limits.ts'
import { Sha1, Sha256 } from './sha1.ts'

/** An id made by the store or a client: a path segment that is safe everywhere. */
export const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 letters, digits, "-" or "_"'))
/** ISO 8601, UTC, with milliseconds. */
export const Time = v.pipe(v.string(), v.isoTimestamp())
/** A name that people chose: shown as text, never markup. */
export const Name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_NAME_LENGTH))
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const Finite = v.pipe(v.number(), v.finite())
const Fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const Text = v.pipe(v.string(), v.maxLength(MAX_LOG_LINE_BYTES))

/** What a model is for. Models are compared within a task only; the name is also a folder's name. */
export const Task = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and "-"')),
  classNames: v.pipe(v.array(Name), v.minLength(2), v.maxLength(1000)),
  metric: v.object({
    name: v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'a metric name in camelCase')),
    direction: v.picklist(['max', 'min']),
    min: Finite,
    max: Finite,
  }),
})
export type Task = v.InferOutput<typeof Task>

/** Test accuracy: a fraction, higher is better. What tasks use unless they name another metric. */
export const TEST_ACCURACY: Task['metric'] = { name: 'testAccuracy', direction: 'max', min: 0, max: 1 }

export const NotebookState = v.picklist(['idle', 'busy', 'unreachable', 'gone'])
export type NotebookState = v.InferOutput<typeof NotebookState>

export const Notebook = v.object({
  name: Name,
  task: Task,
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
})
export type Notebook = v.InferOutput<typeof Notebook>

export const JobState = v.picklist(['queued', 'running', 'stopping', 'done', 'failed', 'cancelled'])
export type JobState = v.InferOutput<typeof JobState>
export const TrialState = v.picklist(['waiting', 'running', 'done', 'failed', 'cancelled'])
export type TrialState = v.InferOutput<typeof TrialState>

export const Metrics = v.pipe(v.record(v.pipe(v.string(), v.maxLength(64)), Finite), v.maxEntries(MAX_METRICS))
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
  name: v.pipe(v.string(), v.maxLength(64)),
  value: Finite,
})
export type MetricPoint = v.InferOutput<typeof MetricPoint>

/** How a picture becomes the first layer's input; the demo does as training did. */
export const Preprocessing = v.object({
  width: Count,
  height: Count,
  channels: v.picklist(['rgb', 'grey']),
  /** `fill` ignores the aspect ratio, `cover` crops the middle. */
  fit: v.picklist(['fill', 'cover']),
  /** Resize filter, by sharp's name. */
  kernel: v.picklist(['nearest', 'linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3']),
  /** (value × scale − mean) / std, per channel. */
  scale: Finite,
  mean: v.array(Finite),
  std: v.array(Finite),
})
export type Preprocessing = v.InferOutput<typeof Preprocessing>

/** Sets with equal fingerprints (SHA-256) hold the same images and labels in the same order. */
export const TestSet = v.object({ fingerprint: Sha256, count: Count })

/** Rows are the true class, columns the predicted one, in the order of classNames. */
export const ModelEvaluation = v.object({ confusion: v.array(v.array(Count)) })
export type ModelEvaluation = v.InferOutput<typeof ModelEvaluation>

export const Verdict = v.object({
  deployed: v.boolean(),
  code: v.picklist([
    'deployed',
    'not-better',
    'other-test-set',
    'declined',
    'non-finite',
    'out-of-range',
    'late',
    'pinned',
    'failed-to-load',
    'replaced',
    'rolled-back',
  ]),
  /** One plain sentence or clause, as shown: "41.2 % ≤ 43.6 %". */
  reason: Text,
  at: Time,
})
export type Verdict = v.InferOutput<typeof Verdict>

/** What a trial leaves, as the agent reports it after the weights are uploaded. */
export const ModelReport = v.object({
  sha1: Sha1,
  metrics: Metrics,
  parameterCount: Count,
  testSet: TestSet,
  engine: v.string(),
  preprocessing: Preprocessing,
  classNames: Task.entries.classNames,
  /** The layers-model JSON of TensorFlow.js. */
  topology: v.unknown(),
  evaluation: v.nullable(ModelEvaluation),
})
export type ModelReport = v.InferOutput<typeof ModelReport>

export const Origin = v.object({ job: Id, trial: Count, attempt: Count, at: Time })

/** A model as lists show it: all but its topology and evaluation, which have calls of their own. */
export const Model = v.object({
  ...v.omit(ModelReport, ['topology', 'evaluation']).entries,
  sha256: Sha256,
  sizeBytes: Count,
  task: Task.entries.name,
  /** Every trial that made exactly these weights, oldest first. */
  origins: v.array(Origin),
  params: v.record(v.string(), Finite),
  seed: Count,
  /** False when a weight is NaN or infinite; such a model cannot be deployed. */
  finite: v.boolean(),
  verdict: Verdict,
  createdAt: Time,
})
export type Model = v.InferOutput<typeof Model>

export const Deployment = v.object({
  task: Task.entries.name,
  /** Counts from 1 within a task, without gaps. */
  revision: Count,
  sha1: Sha1,
  at: Time,
  by: v.picklist(['auto', 'person']),
  reason: Text,
})
export type Deployment = v.InferOutput<typeof Deployment>

export const TaskStatus = v.object({
  ...Task.entries,
  current: v.nullable(Deployment),
  /** Of the last deployment; 0 before the first. What a deployment is compared and set against. */
  revision: Count,
  pinned: v.boolean(),
  /** What the demos say they serve: null while none is connected; an error when the last model failed to load there. */
  demo: v.nullable(v.object({ sha1: v.nullable(Sha1), error: v.nullable(ErrorBody) })),
})
export type TaskStatus = v.InferOutput<typeof TaskStatus>

/** `deployed/<task>/current.json` beside the blobs: all that a demo needs to serve a model. */
export const CurrentModel = v.object({
  deployment: Deployment,
  task: Task,
  model: Model,
  topology: v.unknown(),
})
export type CurrentModel = v.InferOutput<typeof CurrentModel>
