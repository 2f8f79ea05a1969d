import { type Deployment, isFinal, type Job, type LogLine, type MetricPoint, type Model } from '@pawprint/protocol'
import { type Act, type Attempt, type History, isPoint, numberOf } from './history.ts'

export interface FinalJob {
  readonly job: Job
  readonly requestId: string | null
  readonly leases: readonly (readonly string[])[]
  readonly lines: readonly LogLine[]
  readonly points: readonly MetricPoint[]
}

export interface FinalTask {
  readonly name: string
  readonly pinned: boolean
  /** Oldest first. */
  readonly deployments: readonly Deployment[]
  readonly current: Deployment | null
  /** What the demo's file says. */
  readonly shown: { readonly revision: number; readonly sha1: string } | null
}

/** What a store holds once it came back. */
export interface Final {
  readonly jobs: readonly FinalJob[]
  readonly models: readonly Model[]
  readonly tasks: readonly FinalTask[]
  /** The sha1 of the bytes that the store serves under each sha1; of those that clients uploaded or models name. */
  readonly served: ReadonlyMap<string, string>
  /** The sha1 of the bytes of each file that is named by one. */
  readonly onDisk: ReadonlyMap<string, string>
  /** Files of the data folder that belong to nothing. */
  readonly strays: readonly string[]
}

/** Acknowledged acts of a type; with `begun`, also those whose outcome is unknown. */
function actsOf<T extends Act['type']>(history: History, type: T, begun = false): Extract<Act, { type: T }>[] {
  return history.flatMap(({ act, outcome }) =>
    act.type === type && (outcome === 'ok' || (begun && outcome === 'unknown'))
      ? [act as Extract<Act, { type: T }>]
      : [],
  )
}

const keyOf = ({ job, trial, attempt }: Attempt): string => `${job}/${trial}/${attempt}`

/**
 * What is wrong with a store after all that its clients were told; nothing when it keeps its word. `ended`: nothing is under way
 * any more, so every job must have come to its end.
 */
export function problemsOf(history: History, final: Final, { ended = false } = {}): string[] {
  return [
    ...blobProblems(history, final),
    ...launchProblems(history, final),
    ...final.jobs.flatMap((job) => [...logProblems(history, job), ...jobProblems(history, job, ended)]),
    ...resultProblems(history, final),
    ...final.tasks.flatMap((task) => taskProblems(history, final, task)),
    ...final.strays.map((path) => `I8: ${path} belongs to nothing`),
  ]
}

/** I1, I2: what was committed is served, and is what its name says; every file is what its name says. */
function blobProblems(history: History, { served, onDisk }: Final): string[] {
  const lost = actsOf(history, 'upload').filter(({ sha1 }) => !served.has(sha1))
  return [
    ...lost.map(({ sha1 }) => `I1: weights ${sha1} were committed and are not served`),
    ...[...served, ...onDisk].filter(([name, is]) => name !== is).map(([name, is]) => `I2: ${name} holds ${is}`),
  ]
}

/** I1, I5: a launch that was answered is one job; one that was not is one job or none. */
function launchProblems(history: History, { jobs }: Final): string[] {
  const problems: string[] = []
  for (const { requestId, job } of actsOf(history, 'launch'))
    if (!jobs.some((one) => one.job.id === job && one.requestId === requestId))
      problems.push(`I1: job ${job} of request ${requestId} was launched and is not there`)
  for (const { requestId } of jobs)
    if (requestId !== null && jobs.filter((one) => one.requestId === requestId).length > 1)
      problems.push(`I5: request ${requestId} made more than one job`)
  return problems
}

/** I4: seqs from 1 without gaps; of each attempt all that was acknowledged, once, in order, and nothing that nobody sent. */
function logProblems(history: History, { job, lines, points }: FinalJob): string[] {
  const problems: string[] = []
  for (const [what, records] of [
    ['lines', lines],
    ['points', points],
  ] as const)
    if (records.some(({ seq }, i) => seq !== i + 1))
      problems.push(`I4: the ${what} of job ${job.id} are not numbered 1…`)
  const sent = actsOf(history, 'records', true).filter((act) => act.job === job.id)
  const acked = actsOf(history, 'records').filter((act) => act.job === job.id)
  for (const { trial, attempt } of new Map(sent.map((act) => [keyOf(act), act])).values()) {
    const numbersOf = (acts: typeof sent) =>
      acts.flatMap((act) => (act.trial === trial && act.attempt === attempt ? rangeOf(act.first, act.last) : []))
    const [all, kept] = [rangeOf(1, Math.max(...numbersOf(sent))), new Set(numbersOf(acked))]
    const texts = lines.filter((line) => line.trial === trial).map(({ text }) => text)
    const steps = points.filter((point) => point.trial === trial && point.attempt === attempt).map(({ step }) => step)
    const numbers = {
      lines: texts.flatMap((text) => numberOf(attempt, text) ?? []),
      points: steps,
    }
    // Lines and points lie in two files: of a batch that nobody was told of, one may hold more than the other.
    for (const what of ['lines', 'points'] as const) {
      const expected = all.filter((n) => isPoint(n) === (what === 'points'))
      const least = expected.findLastIndex((n) => kept.has(n)) + 1
      const got = numbers[what]
      if (got.some((n, i) => n !== expected[i]) || got.length < least)
        problems.push(
          `I4: ${what} of job ${job.id} trial ${trial} attempt ${attempt}: expected the first ${least} to ${expected.length}, got ${got.join(', ')}`,
        )
    }
  }
  return problems
}

const rangeOf = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** I5: one owner per attempt, one end per trial, and a job's state is that of its trials. */
function jobProblems(history: History, { job, leases }: FinalJob, ended: boolean): string[] {
  const problems: string[] = []
  for (const { trial, attempt, lease } of actsOf(history, 'run').filter((act) => act.job === job.id))
    if (leases[trial]?.[attempt - 1] !== lease)
      problems.push(`I5: job ${job.id} trial ${trial} attempt ${attempt} was given with another lease`)
  for (const { index, state, attempt, sha1 } of job.trials) {
    if (leases[index]?.length !== attempt) problems.push(`I5: job ${job.id} trial ${index}: attempts without a lease`)
    if ((state === 'done') !== (sha1 !== null))
      problems.push(`I5: job ${job.id} trial ${index} is ${state} with ${sha1}`)
    if (isFinal(job.state) && ['waiting', 'running'].includes(state))
      problems.push(`I5: job ${job.id} is ${job.state}, its trial ${index} ${state}`)
  }
  if (ended && !isFinal(job.state)) problems.push(`I5: job ${job.id} never ended: ${job.state}`)
  return problems
}

/** I1, I5: a result that was acknowledged is a model with this origin, once, and its trial's end; no result comes from nowhere. */
function resultProblems(history: History, { jobs, models }: Final): string[] {
  const problems: string[] = []
  const begun = new Set(actsOf(history, 'done', true).map((act) => `${keyOf(act)} ${act.sha1}`))
  for (const act of actsOf(history, 'done')) {
    const origins = models.find(({ sha1 }) => sha1 === act.sha1)?.origins ?? []
    if (origins.filter((origin) => keyOf(origin) === keyOf(act)).length !== 1)
      problems.push(`I1: result ${act.sha1} of ${keyOf(act)} was acknowledged and is no model, or twice`)
    const trial = jobs.find(({ job }) => job.id === act.job)?.job.trials[act.trial]
    if (trial?.attempt === act.attempt && trial.state !== 'done')
      problems.push(`I5: ${keyOf(act)} was done and is ${trial.state}`)
  }
  for (const { job } of jobs)
    for (const { index, attempt, sha1 } of job.trials)
      if (sha1 !== null && !begun.has(`${keyOf({ job: job.id, trial: index, attempt })} ${sha1}`))
        problems.push(`I5: job ${job.id} trial ${index} holds ${sha1}, which attempt ${attempt} never sent`)
  return problems
}

/** I3: revisions without gaps, acknowledged ones as they were told, the last one current, shown to the demo, and intact. */
function taskProblems(history: History, { models, served }: Final, task: FinalTask): string[] {
  const { name, deployments, current, shown, pinned } = task
  const problems: string[] = []
  if (deployments.some(({ revision }, i) => revision !== i + 1)) problems.push(`I3: the revisions of ${name} have gaps`)
  for (const { sha1, revision } of actsOf(history, 'deploy').filter((act) => act.task === name))
    if (deployments[(revision ?? 0) - 1]?.sha1 !== sha1)
      problems.push(`I3: revision ${revision} of ${name} was told as ${sha1}`)
  const last = deployments.at(-1) ?? null
  if (JSON.stringify(last) !== JSON.stringify(current)) problems.push(`I3: ${name} does not serve its last deployment`)
  if (last?.revision !== shown?.revision || last?.sha1 !== shown?.sha1)
    problems.push(`I3: the demo is shown revision ${shown?.revision} of ${name}, not ${last?.revision}`)
  if (last !== null && served.get(last.sha1) !== last.sha1) problems.push(`I3: ${last.sha1} is deployed and not intact`)
  for (const { sha1, verdict } of models.filter((model) => model.task === name))
    if ((verdict.code === 'deployed') !== (sha1 === last?.sha1)) problems.push(`I3: ${sha1} says ${verdict.code}`)
  const pins = history.filter(({ act, outcome }) => act.type === 'pin' && act.task === name && outcome !== 'fail')
  const settled = pins.at(-1)
  if (settled?.outcome === 'ok' && settled.act.type === 'pin' && settled.act.pinned !== pinned)
    problems.push(`I6: the pin of ${name} was put to ${settled.act.pinned} and is ${pinned}`)
  return problems
}
