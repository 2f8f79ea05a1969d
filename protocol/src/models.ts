import * as v from 'valibot'
import { ErrorBody } from './error.ts'
import { Intervals, ModelEvaluation } from './evaluation.ts'
import { MAX_ARTIFACTS, MAX_REEVALUATIONS } from './limits.ts'
import { Metrics, Reproduced, Task } from './records.ts'
import { Sha1, Sha256 } from './sha1.ts'
import { Count, Finite, Id, Text, Time } from './values.ts'

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
  /** `cropped`: of a picture, the model knows only the part that a person frames. Absent: all of it. */
  input: v.optional(v.literal('cropped')),
})
export type Preprocessing = v.InferOutput<typeof Preprocessing>

/** Sets with equal fingerprints (SHA-256) hold the same images and labels in the same order. */
export const TestSet = v.object({ fingerprint: Sha256, count: Count })

/** What a model was found to be on another test set than that of its report. */
export const Reevaluation = v.object({
  testSet: TestSet,
  metrics: Metrics,
  intervals: v.optional(Intervals),
  at: Time,
})
export type Reevaluation = v.InferOutput<typeof Reevaluation>

/** What became of another model on the test set of the one that is reported: its metrics there, or why there are none. */
export const ReevaluationReport = v.object({
  sha1: Sha1,
  metrics: Metrics,
  intervals: v.optional(Intervals),
  failed: v.optional(Text),
})
export type ReevaluationReport = v.InferOutput<typeof ReevaluationReport>
export const ReevaluationReports = v.pipe(v.array(ReevaluationReport), v.maxLength(MAX_REEVALUATIONS))

export const Verdict = v.object({
  deployed: v.boolean(),
  code: v.picklist([
    'deployed',
    'not-better',
    'other-test-set',
    'declined',
    'non-finite',
    'out-of-range',
    'requirement',
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

/** A file made of a model for other programs: `model.onnx`, `tfjs/model.json`; its bytes are uploaded as weights are. */
export const Artifact = v.object({
  name: v.pipe(
    v.string(),
    v.regex(
      /^(?:[A-Za-z0-9][A-Za-z0-9_-]{0,31}\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'a file name of letters, digits, ".", "-" and "_", with at most one folder',
    ),
  ),
  sha1: Sha1,
  sizeBytes: v.pipe(Count, v.minValue(1)),
})
export type Artifact = v.InferOutput<typeof Artifact>

const Artifacts = v.pipe(
  v.array(Artifact),
  v.maxLength(MAX_ARTIFACTS),
  v.check((all) => new Set(all.map(({ name }) => name)).size === all.length, 'each name once'),
)

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
  artifacts: v.optional(Artifacts),
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
  /** Since when its weights are known to be damaged or lost; an upload of the same bytes heals them. */
  damagedAt: v.optional(Time),
  /** Its figures on other test sets, oldest first, one of each fingerprint. */
  reevaluations: v.optional(v.pipe(v.array(Reevaluation), v.maxLength(MAX_REEVALUATIONS))),
  /** What came of training it again, the last time that was asked for. */
  reproduced: v.optional(v.object({ job: Id, ...Reproduced.entries })),
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
