import * as v from 'valibot'
import { AttemptRecord, AttemptRef, attemptEntries } from './attempts.ts'
import { DataReport } from './dataReport.ts'
import { MAX_DURATION_MS } from './duration.ts'
import { ErrorBody } from './error.ts'
import { Config, Fields } from './fields.ts'
import { parse, parseJson } from './json.ts'
import { MAX_BATCH_RECORDS, MAX_FRAME_BYTES, MAX_STORE_FRAME_BYTES } from './limits.ts'
import { CurrentModel, Deployment, Model, ModelReport, ReevaluationReports, TaskStatus, Verdict } from './models.ts'
import { FoundData } from './newData.ts'
import { Job, LogLine, MetricPoint, Notebook, Task, Trial } from './records.ts'
import { Sha1, Sha256 } from './sha1.ts'
import { Count, Finite, Id, Name, Time } from './values.ts'

const Duration = v.pipe(Count, v.maxValue(MAX_DURATION_MS))
const Reason = v.pipe(v.string(), v.maxLength(4096))

const hello = { type: v.literal('hello'), version: Count }

/** `id`: the message matters; it is sent again after a reconnect until `ack` or `refused` with the same id comes. */
export const FromAgent = v.variant('type', [
  v.object({ ...hello, role: v.literal('agent'), instance: Id }),
  v.object({
    type: v.literal('register'),
    id: Id,
    name: Name,
    task: Task,
    schema: Fields,
    /** What it found of its images; absent where it did not look. */
    data: v.optional(DataReport),
    engine: v.pipe(v.string(), v.maxLength(200)),
    cores: Count,
    /** Trials that it runs side by side. */
    slots: v.pipe(Count, v.minValue(1), v.maxValue(256)),
    /** Where it runs; lets a restarted kernel on the same machine show that its predecessor is dead. */
    host: v.pipe(v.string(), v.maxLength(255)),
    pid: Count,
    /** Instance of a predecessor that is known to be dead (same host, no such process): its name may be taken over at once. */
    replaces: v.optional(Id),
    /** Attempts that it still works on. */
    attempts: v.array(AttemptRef),
  }),
  v.object({
    type: v.literal('records'),
    id: Id,
    ...attemptEntries,
    /** Number of the first record within its attempt, from 1. */
    first: v.pipe(Count, v.minValue(1)),
    records: v.pipe(v.array(AttemptRecord), v.minLength(1), v.maxLength(MAX_BATCH_RECORDS)),
  }),
  v.object({
    type: v.literal('progress'),
    ...attemptEntries,
    progress: Trial.entries.progress,
    metrics: Trial.entries.metrics,
  }),
  /** Where the next attempt may go on: uploaded bytes that only the agent reads. It takes the place of the one before. */
  v.object({
    type: v.literal('checkpoint'),
    id: Id,
    ...attemptEntries,
    sha1: Sha1,
    step: Count,
    progress: Trial.entries.progress,
  }),
  v.object({
    type: v.literal('done'),
    id: Id,
    ...attemptEntries,
    model: ModelReport,
    seconds: Finite,
    /** Other models on this one's test set, as `E_REEVALUATE` asked. Empty: may be asked; absent: such an agent cannot do it. */
    reevaluations: v.optional(ReevaluationReports),
    /** The images of folders that it was trained on, as `data` names them. */
    data: v.optional(Sha256),
  }),
  v.object({
    type: v.literal('failed'),
    id: Id,
    ...attemptEntries,
    reason: Reason,
    /** True when another attempt would fail alike (out of memory, a bad config, an error thrown by a cell). */
    permanent: v.boolean(),
  }),
  v.object({ type: v.literal('cancelled'), id: Id, ...attemptEntries, reason: Reason }),
  /** Train this model of its own notebook again; answered by `reproduced` or `refused` when that has ended. */
  v.object({ type: v.literal('reproduce'), id: Id, sha1: Sha1 }),
  /** It ends by itself in `leftMs`, unless a trial comes; null: one has come. A round is `afterMs` long. */
  v.object({ type: v.literal('idle'), leftMs: v.nullable(Duration), afterMs: Duration }),
  /** What is in its folders now; null and `problem` when it cannot be trained on. May be lost: it is said again after each registration. */
  v.object({ type: v.literal('data'), found: v.nullable(FoundData), problem: v.optional(Reason) }),
  v.object({ type: v.literal('goodbye') }),
])
export type FromAgent = v.InferOutput<typeof FromAgent>

const welcome = v.object({
  type: v.literal('welcome'),
  version: Count,
  now: Time,
  scope: v.picklist(['agent', 'viewer', 'operator']),
})
const refused = v.object({ type: v.literal('refused'), id: v.optional(Id), error: ErrorBody })

export const ToAgent = v.variant('type', [
  welcome,
  refused,
  v.object({ type: v.literal('ack'), id: Id }),
  v.object({
    type: v.literal('registered'),
    id: Id,
    /** The name it got: its own, or one with a suffix when that was taken. */
    name: Name,
    config: Config,
    /** Attempts of `register` that are no longer its own: finish them or not, they count as late. */
    fenced: v.array(v.object({ job: Id, trial: Count, attempt: Count })),
  }),
  /** The name is held by an unreachable kernel: register again after this time, or at once with `replaces` if it is dead. */
  v.object({
    type: v.literal('held'),
    id: Id,
    by: v.object({ instance: Id, host: v.string(), pid: Count }),
    retryAfterMs: Count,
  }),
  v.object({
    type: v.literal('run'),
    ...attemptEntries,
    jobNumber: Count,
    trials: Count,
    params: Trial.entries.params,
    seed: Count,
    /** What an earlier attempt left: `GET /api/jobs/:job/trials/:trial/checkpoint` has its bytes. */
    checkpoint: v.optional(v.object({ sha1: Sha1, step: Count })),
    /** Of a reproduction: the engine that trained the model, as its report said. */
    engine: v.optional(v.string()),
    /** Read the folders anew first, and begin with the weights of this model, if one is named. */
    newData: v.optional(v.object({ initialWeights: v.nullable(Sha1) })),
  }),
  v.object({ type: v.literal('reproduced'), id: Id, job: Id, sha1: Sha1, isSame: v.boolean() }),
  v.object({ type: v.literal('stop'), job: Id, trial: Count, attempt: Count }),
  v.object({ type: v.literal('config'), config: Config }),
  /** A person wants it to run on: its round begins anew. */
  v.object({ type: v.literal('keep') }),
  /** The images of the last finished training: what `data` is to be compared with. */
  v.object({ type: v.literal('trained'), data: v.nullable(Sha256) }),
  v.object({ type: v.literal('verdict'), job: Id, trial: Count, sha1: Sha1, verdict: Verdict }),
])
export type ToAgent = v.InferOutput<typeof ToAgent>

export const FromPage = v.variant('type', [
  v.object({ ...hello, role: v.literal('page') }),
  /** Log and curves of a job, from after these numbers on; sent again after a reconnect with what the page has. */
  v.object({ type: v.literal('follow'), job: Id, afterLog: Count, afterMetric: Count }),
  v.object({ type: v.literal('unfollow'), job: Id }),
])
export type FromPage = v.InferOutput<typeof FromPage>

export const ToPage = v.variant('type', [
  welcome,
  refused,
  /** All that the page draws first: every notebook and task, the newest 50 jobs with their models, 50 deployments per task. */
  v.object({
    type: v.literal('snapshot'),
    notebooks: v.array(Notebook),
    jobs: v.array(Job),
    models: v.array(Model),
    tasks: v.array(TaskStatus),
    deployments: v.array(Deployment),
    totals: v.object({ jobs: Count, models: Count, sizeBytes: Count }),
  }),
  v.object({ type: v.literal('notebook'), notebook: Notebook }),
  v.object({ type: v.literal('notebook-forgotten'), name: Name }),
  v.object({ type: v.literal('job'), job: Job }),
  v.object({ type: v.literal('trial'), job: Id, trial: Trial }),
  v.object({ type: v.literal('model'), model: Model }),
  v.object({ type: v.literal('task'), task: TaskStatus }),
  v.object({ type: v.literal('deployment'), deployment: Deployment }),
  v.object({ type: v.literal('log'), job: Id, lines: v.array(LogLine) }),
  v.object({ type: v.literal('metrics'), job: Id, points: v.array(MetricPoint) }),
  v.object({ type: v.literal('cleared') }),
  /** Every 15 s: browsers do not show the WebSocket protocol's own pings, and a page must notice silence. */
  v.object({ type: v.literal('ping') }),
])
export type ToPage = v.InferOutput<typeof ToPage>

export const FromDemo = v.variant('type', [
  v.object({ ...hello, role: v.literal('demo'), instance: Id }),
  /** What it serves of a task now; `error` says why the deployed model is not it. */
  v.object({
    type: v.literal('serving'),
    task: Task.entries.name,
    sha1: v.nullable(Sha1),
    error: v.nullable(ErrorBody),
  }),
])
export type FromDemo = v.InferOutput<typeof FromDemo>

export const ToDemo = v.variant('type', [
  welcome,
  refused,
  /** Sent for each task after `welcome`, and at each deployment. */
  v.object({ type: v.literal('deployed'), current: CurrentModel }),
])
export type ToDemo = v.InferOutput<typeof ToDemo>

const parser =
  <T extends v.GenericSchema>(schema: T, maxBytes = MAX_FRAME_BYTES) =>
  (text: string): v.InferOutput<T> =>
    parse(schema, parseJson(text, maxBytes))

/** A first message of any peer; `role` says which of the other parsers reads the rest. */
export const parseHello = parser(
  v.object({ ...hello, role: v.picklist(['agent', 'page', 'demo']), instance: v.optional(Id) }),
)
export const parseFromAgent = parser(FromAgent)
export const parseFromPage = parser(FromPage)
export const parseFromDemo = parser(FromDemo)
export const parseToAgent = parser(ToAgent, MAX_STORE_FRAME_BYTES)
export const parseToPage = parser(ToPage, MAX_STORE_FRAME_BYTES)
export const parseToDemo = parser(ToDemo, MAX_STORE_FRAME_BYTES)
