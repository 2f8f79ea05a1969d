// The judge must be able to condemn: each history here is broken in one way, and must be told so.
import type { Deployment, Job, LogLine, MetricPoint, Model, Trial } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { reportOf, sha1Of, TEST_TIME, weightsOf } from '../store-server/src/testing/fakeAgent.ts'
import type { History } from './history.ts'
import { type Final, problemsOf } from './invariants.ts'

const [FIRST, SECOND] = [sha1Of(weightsOf(1)), sha1Of(weightsOf(2))]
const attempt = { job: 'a', trial: 0, attempt: 1 }

const trial: Trial = {
  index: 0,
  params: {},
  state: 'done',
  attempt: 1,
  progress: 1,
  sha1: FIRST,
  metrics: {},
  startedAt: TEST_TIME,
  endedAt: TEST_TIME,
  reason: null,
}
const job: Job = {
  id: 'a',
  number: 1,
  notebook: 'left',
  task: 'pets',
  state: 'done',
  seed: 1,
  config: {},
  createdAt: TEST_TIME,
  startedAt: TEST_TIME,
  endedAt: TEST_TIME,
  heardAt: null,
  logLines: 4,
  trials: [trial],
}
const linesOf = (...texts: string[]): LogLine[] =>
  texts.map((text, i) => ({ seq: i + 1, time: TEST_TIME, trial: 0, level: 'info', text }))
const pointsOf = (...steps: number[]): MetricPoint[] =>
  steps.map((step, i) => ({ seq: i + 1, trial: 0, attempt: 1, epoch: 1, step, name: 'loss', value: 1 }))
const LINES = ['Launched', 'attempt 1 line 1', 'attempt 1 line 2', 'attempt 1 line 3', 'attempt 1 line 5']

const deployment: Deployment = { task: 'pets', revision: 1, sha1: FIRST, at: TEST_TIME, by: 'auto', reason: '' }
const { topology: _, evaluation: __, ...report } = reportOf(FIRST, 0.5)
const model: Model = {
  ...report,
  sha256: 'a'.repeat(64),
  sizeBytes: 1,
  task: 'pets',
  origins: [{ ...attempt, at: TEST_TIME }],
  params: {},
  seed: 1,
  finite: true,
  verdict: { deployed: true, code: 'deployed', reason: '', at: TEST_TIME },
  createdAt: TEST_TIME,
}

const HISTORY: History = [
  { act: { type: 'launch', requestId: 'r', job: 'a' }, outcome: 'ok' },
  { act: { type: 'run', ...attempt, lease: 'L1' }, outcome: 'ok' },
  { act: { type: 'records', ...attempt, first: 1, last: 4 }, outcome: 'ok' },
  { act: { type: 'records', ...attempt, first: 5, last: 5 }, outcome: 'unknown' },
  { act: { type: 'upload', sha1: FIRST }, outcome: 'ok' },
  { act: { type: 'done', ...attempt, sha1: FIRST }, outcome: 'ok' },
  { act: { type: 'deploy', task: 'pets', sha1: FIRST, revision: 1 }, outcome: 'ok' },
  { act: { type: 'pin', task: 'pets', pinned: true }, outcome: 'ok' },
]
const finalJob = { job, requestId: 'r', leases: [['L1']], lines: linesOf(...LINES), points: pointsOf(4) }
const task = { name: 'pets', pinned: true, deployments: [deployment], current: deployment, shown: deployment }
const FINAL: Final = {
  jobs: [finalJob],
  models: [model],
  tasks: [task],
  served: new Map([[FIRST, FIRST]]),
  onDisk: new Map([[FIRST, FIRST]]),
  strays: [],
}

test('a store that kept its word has no problems, whether the last batch came or not', () => {
  expect(problemsOf(HISTORY, FINAL, { ended: true })).toEqual([])
  const lines = linesOf(...LINES.slice(0, -1))
  expect(problemsOf(HISTORY, { ...FINAL, jobs: [{ ...finalJob, lines }] }, { ended: true })).toEqual([])
})

test('lines of a later batch may be acknowledged before the points of an earlier one', () => {
  const history: History = HISTORY.map((entry) =>
    entry.act.type === 'records' ? { ...entry, outcome: entry.outcome === 'ok' ? 'unknown' : 'ok' } : entry,
  )
  expect(problemsOf(history, { ...FINAL, jobs: [{ ...finalJob, points: [] }] })).toEqual([])
})

const withJob = (over: Partial<Final['jobs'][number]>): Partial<Final> => ({ jobs: [{ ...finalJob, ...over }] })
const withTrial = (over: Partial<Trial>, of: Partial<Job> = {}): Partial<Final> =>
  withJob({ job: { ...job, ...of, trials: [{ ...trial, ...over }] } })
const withTask = (over: Partial<Final['tasks'][number]>): Partial<Final> => ({ tasks: [{ ...task, ...over }] })
const twice: Deployment[] = [deployment, { ...deployment, revision: 3 }]

test.each<[string, RegExp, Partial<Final>]>([
  ['lost weights', /^I1: weights .* not served/, { served: new Map() }],
  ['other bytes served', /^I2: .* holds/, { served: new Map([[FIRST, SECOND]]) }],
  ['other bytes on disk', /^I2: .* holds/, { onDisk: new Map([[FIRST, SECOND]]) }],
  ['a lost job', /^I1: job a of request r/, { jobs: [] }],
  ['a job of another request', /^I1: job a of request r/, withJob({ requestId: 'other' })],
  [
    'two jobs of one request',
    /^I5: request r made more/,
    { jobs: [finalJob, { ...finalJob, job: { ...job, id: 'b' } }] },
  ],
  ['a lost line', /^I4: lines .* got 1, 2$/, withJob({ lines: linesOf(...LINES.slice(0, 3)) })],
  ['a line twice', /^I4: lines/, withJob({ lines: linesOf(...LINES.slice(0, 3), ...LINES.slice(2)) })],
  ['lines in another order', /^I4: lines/, withJob({ lines: linesOf(...LINES.toReversed()) })],
  ['a line that nobody sent', /^I4: lines/, withJob({ lines: linesOf(...LINES, 'attempt 1 line 6') })],
  [
    'a gap in the log',
    /^I4: the lines .* not numbered/,
    withJob({ lines: finalJob.lines.map((one) => ({ ...one, seq: one.seq * 2 })) }),
  ],
  ['a lost point', /^I4: points/, withJob({ points: [] })],
  ['a point twice', /^I4: points/, withJob({ points: pointsOf(4, 4) })],
  ['a lost lease', /^I5: .* another lease/, withJob({ leases: [['L2']] })],
  ['an attempt too many', /^I5: .* without a lease/, withTrial({ attempt: 2 })],
  ['a trial that is done without weights', /^I5: job a trial 0 is done with null/, withTrial({ sha1: null })],
  [
    'a finished job with a running trial',
    /^I5: job a is done, its trial 0 running/,
    withTrial({ state: 'running', sha1: null }),
  ],
  ['a job that never ends', /^I5: job a never ended/, withTrial({}, { state: 'running' })],
  ['a result that was lost', /^I1: result .* no model/, { models: [] }],
  [
    'a result that counts twice',
    /^I1: result .* or twice/,
    { models: [{ ...model, origins: [...model.origins, ...model.origins] }] },
  ],
  ['a result that was undone', /^I5: a\/0\/1 was done and is failed/, withTrial({ state: 'failed', sha1: null })],
  ['a result from nowhere', /^I5: .* never sent/, withTrial({ sha1: SECOND })],
  [
    'a gap in the revisions',
    /^I3: the revisions of pets have gaps/,
    withTask({ deployments: twice, current: twice[1] ?? null }),
  ],
  ['a lost deployment', /^I3: revision 1 of pets was told/, withTask({ deployments: [], current: null, shown: null })],
  ['another model current', /^I3: pets does not serve/, withTask({ current: { ...deployment, sha1: SECOND } })],
  ['an old model shown', /^I3: the demo is shown/, withTask({ shown: null })],
  ['a deployed model without bytes', /^I3: .* not intact/, { served: new Map() }],
  ['a verdict that lies', /^I3: .* says late/, { models: [{ ...model, verdict: { ...model.verdict, code: 'late' } }] }],
  ['a lost pin', /^I6: the pin of pets/, withTask({ pinned: false })],
  ['a stray file', /^I8: x.tmp belongs to nothing/, { strays: ['x.tmp'] }],
])('%s is told', (_, problem, over) => {
  const problems = problemsOf(HISTORY, { ...FINAL, ...over }, { ended: true })
  expect(
    problems.some((text) => problem.test(text)),
    problems.join('\n'),
  ).toBe(true)
})
