import { type Deployment, isFinal, jobStateOf, shortSha1, type Trial } from '@pawprint/protocol'
import type { JobRecord, ModelRecord } from '../core/records.ts'
import { ADVICE, type Finding, note, problem } from './finding.ts'
import type { FoundRecords } from './records.ts'

// Pure: what the records of a data folder say about each other.

/** Every pair of records that have the same of something which should be each one's own. */
function twins<T>(all: Iterable<readonly [string, T | null]>, what: string): Finding[] {
  const seen = new Map<T, string>()
  const findings: Finding[] = []
  for (const [path, value] of all) {
    if (value === null) continue
    const before = seen.get(value)
    if (before !== undefined)
      findings.push(problem(path, `a ${what} of its own`, `${String(value)}, which ${before} has`, ADVICE.restore))
    seen.set(value, path)
  }
  return findings
}

function checkTrial(trial: Trial, i: number, path: string, record: JobRecord, found: FoundRecords): Finding[] {
  const at = `${path} trials[${i}]`
  const findings: Finding[] = []
  const expect = (holds: boolean, place: string, expected: string, got: unknown) => {
    if (!holds) findings.push(problem(`${at}.${place}`, expected, String(got), ADVICE.restore))
  }
  expect(trial.index === i, 'index', `${i}`, trial.index)
  const leases = record.leases[i]?.length ?? 0
  expect(leases === trial.attempt, 'attempt', `as many as the ${leases} leases given`, trial.attempt)
  expect((record.forgiven[i] ?? 0) <= trial.attempt, 'attempt', `at least ${record.forgiven[i]}`, trial.attempt)
  expect((trial.sha1 !== null) === (trial.state === 'done'), 'sha1', `one exactly when done`, trial.sha1)
  const ended = ['done', 'failed', 'cancelled'].includes(trial.state)
  expect((trial.endedAt !== null) === ended, 'endedAt', ended ? 'a time' : 'none', trial.endedAt)
  if (trial.sha1 === null) return findings
  const model = found.models.get(trial.sha1)
  const isOrigin = model?.model.origins.some(
    (origin) => origin.job === record.job.id && origin.trial === i && origin.attempt === trial.attempt,
  )
  expect(model !== undefined, 'sha1', 'a known model', trial.sha1)
  expect(model === undefined || isOrigin === true, 'sha1', 'a model that names this trial as an origin', trial.sha1)
  return findings
}

export function checkJobs(found: FoundRecords): Finding[] {
  const findings: Finding[] = []
  for (const [id, record] of found.jobs) {
    const path = `jobs/${id}/job.json`
    const { job, leases, forgiven, checkpoints, stopping } = record
    const expect = (holds: boolean, place: string, expected: string, got: unknown) => {
      if (!holds) findings.push(problem(`${path} ${place}`, expected, String(got), ADVICE.restore))
    }
    expect(job.id === id, 'id', id, job.id)
    const count = job.trials.length
    expect(count > 0, 'trials', 'at least one', count)
    expect(leases.length === count && forgiven.length === count, 'leases', `${count}`, leases.length)
    expect(checkpoints.length === count, 'checkpoints', `${count}`, checkpoints.length)
    const state = jobStateOf(job.trials, stopping)
    expect(job.state === state, 'state', `${state}, as its trials say`, job.state)
    expect((job.endedAt !== null) === isFinal(state), 'endedAt', isFinal(state) ? 'a time' : 'none', job.endedAt)
    const result = job.reproduces?.result ?? null
    const made = job.reproduces ? (job.trials[0]?.sha1 ?? null) : null
    expect((result?.sha1 ?? null) === made, 'reproduces', `a result of ${made}, as its trial says`, result?.sha1)
    expect(
      !result || result.isSame === (made === job.reproduces?.sha1),
      'reproduces',
      'isSame as it is',
      result?.isSame,
    )
    if (found.registry) {
      const known = found.registry.tasks.some(({ task }) => task.name === job.task)
      if (!known)
        findings.push(
          note(`${path} task`, 'a task of the registry', job.task, 'It comes back when its notebook registers.'),
        )
    }
    for (const [i, trial] of job.trials.entries()) findings.push(...checkTrial(trial, i, path, record, found))
  }
  const jobs = [...found.jobs].map(([id, record]) => [`jobs/${id}/job.json`, record] as const)
  findings.push(
    ...twins(
      jobs.map(([path, { job }]) => [path, job.number] as const),
      'number',
    ),
  )
  findings.push(
    ...twins(
      jobs.map(([path, { requestId }]) => [path, requestId] as const),
      'requestId',
    ),
  )
  const leases = jobs.flatMap(([path, record]) => record.leases.flat().map((lease) => [path, lease] as const))
  findings.push(...twins(leases, 'lease'))
  return findings
}

function checkModel(sha1: string, { model }: ModelRecord, found: FoundRecords): Finding[] {
  const path = `models/${sha1}/model.json`
  const findings: Finding[] = []
  const expect = (holds: boolean, place: string, expected: string, got: unknown) => {
    if (!holds) findings.push(problem(`${path} ${place}`, expected, String(got), ADVICE.restore))
  }
  expect(model.sha1 === sha1, 'sha1', sha1, model.sha1)
  expect(model.origins.length > 0, 'origins', 'at least one', 'none')
  if (found.registry)
    expect(
      found.registry.tasks.some(({ task }) => task.name === model.task),
      'task',
      'a task of the registry',
      model.task,
    )
  if (!found.details.has(sha1))
    findings.push(
      problem(`models/${sha1}/details.json`, 'the topology of the model', 'no such document', ADVICE.restore),
    )
  for (const { job } of model.origins)
    if (!found.jobs.has(job))
      findings.push(
        note(`${path} origins`, 'known jobs', job, 'A clearing was cut off, or the job’s document is lost.'),
      )
  const { reproduced } = model
  expect(
    !reproduced || reproduced.isSame === (reproduced.sha1 === sha1),
    'reproduced',
    'isSame as it is',
    reproduced?.isSame,
  )
  const isCurrent = found.deployments.get(model.task)?.at(-1)?.sha1 === sha1
  if ((model.verdict.code === 'deployed') !== isCurrent && model.verdict.code !== 'failed-to-load') {
    const expected = isCurrent ? 'deployed, as its task’s history says' : 'another one than deployed'
    findings.push(note(`${path} verdict`, expected, model.verdict.code, 'The next start puts this right.'))
  }
  return findings
}

export function checkModels(found: FoundRecords): Finding[] {
  const findings = [...found.models].flatMap(([sha1, record]) => checkModel(sha1, record, found))
  const numbers = [...found.models].map(([sha1, { number }]) => [`models/${sha1}/model.json`, number] as const)
  for (const sha1 of found.details)
    if (!found.models.has(sha1)) {
      const advice = 'What reported the model was cut off before it was kept; it reports again.'
      findings.push(note(`models/${sha1}/details.json`, 'a model beside it', 'none', advice))
    }
  return [...findings, ...twins(numbers, 'number')]
}

function checkDeployment(deployment: Deployment, i: number, task: string, found: FoundRecords): Finding[] {
  const at = `deployments/${task}.log record ${i + 1}`
  const findings: Finding[] = []
  const expect = (holds: boolean, expected: string, got: unknown) => {
    if (!holds) findings.push(problem(at, expected, String(got), ADVICE.restore))
  }
  expect(deployment.revision === i + 1, `revision ${i + 1}`, `revision ${deployment.revision}`)
  expect(deployment.task === task, `task ${task}`, `task ${deployment.task}`)
  const model = found.models.get(deployment.sha1)
  expect(model !== undefined, 'a known model', shortSha1(deployment.sha1))
  expect(!model || model.model.task === task, `a model of ${task}`, `one of ${model?.model.task}`)
  return findings
}

/** Revisions without gaps, of models that are known. */
export function checkDeployments(found: FoundRecords): Finding[] {
  const findings: Finding[] = []
  for (const [task, deployments] of found.deployments) {
    if (found.registry && !found.registry.tasks.some((known) => known.task.name === task))
      findings.push(problem(`deployments/${task}.log`, 'a task of the registry', task, ADVICE.rebuild))
    for (const [i, deployment] of deployments.entries()) findings.push(...checkDeployment(deployment, i, task, found))
  }
  return findings
}
