import {
  type Deployment,
  fieldsOf,
  type Job,
  type LogLine,
  Model,
  type Notebook,
  parse,
  type Task,
  type TaskStatus,
  TEST_ACCURACY,
  type Trial,
} from '@pawprint/protocol'

/** Records for tests; each takes what the test is about. */
export const TIME = '2027-05-13T10:00:00.000Z'
export const at = (seconds: number): string => new Date(Date.parse(TIME) + seconds * 1000).toISOString()
export const sha1Of = (digit: string): string => digit.repeat(40)
export const TASK: Task = { name: 'cifar10', classNames: ['cat', 'dog'], metric: TEST_ACCURACY }
export const SCHEMA = fieldsOf({ EPOCHS: 1, LEARNING_RATE: [0.001], NUM_FILTERS: [20] })

export const notebookOf = (over: Partial<Notebook> = {}): Notebook => ({
  name: 'cifar10',
  task: TASK,
  state: 'idle',
  since: TIME,
  schema: SCHEMA,
  config: { EPOCHS: 1, LEARNING_RATE: [0.001], NUM_FILTERS: [20], SEED: null },
  previousConfig: null,
  engine: 'cpu',
  cores: 2,
  job: null,
  trialSeconds: null,
  ...over,
})

export const trialOf = (over: Partial<Trial> = {}): Trial => ({
  index: 0,
  params: {},
  state: 'waiting',
  attempt: 0,
  progress: 0,
  sha1: null,
  metrics: {},
  startedAt: null,
  endedAt: null,
  reason: null,
  ...over,
})

export const jobOf = (over: Partial<Job> = {}): Job => ({
  id: `job${over.number ?? 1}`,
  number: 1,
  notebook: 'cifar10',
  task: 'cifar10',
  state: 'running',
  seed: 7,
  config: {},
  createdAt: TIME,
  startedAt: TIME,
  endedAt: null,
  heardAt: null,
  logLines: 0,
  trials: [trialOf()],
  ...over,
})

export const modelOf = (digit: string, over: Record<string, unknown> = {}): Model =>
  parse(Model, {
    sha1: sha1Of(digit),
    sha256: digit.repeat(64),
    metrics: { testAccuracy: 0.4 },
    parameterCount: 10,
    testSet: { fingerprint: 'a'.repeat(64), count: 10 },
    engine: 'cpu',
    preprocessing: {
      width: 1,
      height: 1,
      channels: 'rgb',
      fit: 'fill',
      kernel: 'cubic',
      scale: 1,
      mean: [0],
      std: [1],
    },
    classNames: TASK.classNames,
    sizeBytes: 1000,
    task: 'cifar10',
    origins: [{ job: 'job1', trial: 0, attempt: 1, at: TIME }],
    params: { LEARNING_RATE: 0.001 },
    seed: 7,
    finite: true,
    verdict: { deployed: false, code: 'not-better', reason: '40.0 % ≤ 43.6 %', at: TIME },
    createdAt: TIME,
    ...over,
  })

export const deploymentOf = (revision: number, digit: string, over: Partial<Deployment> = {}): Deployment => ({
  task: 'cifar10',
  revision,
  sha1: modelOf(digit).sha1,
  at: at(revision * 60),
  by: 'auto',
  reason: '',
  ...over,
})

export const taskOf = (current: Deployment | null, over: Partial<TaskStatus> = {}): TaskStatus => ({
  ...TASK,
  current,
  revision: current?.revision ?? 0,
  pinned: false,
  demo: null,
  ...over,
})

export const lineOf = (seq: number, text = `line ${seq}`, over: Partial<LogLine> = {}): LogLine => ({
  seq,
  time: TIME,
  trial: null,
  level: 'info',
  text,
  ...over,
})
export const linesFrom = (first: number, last: number): LogLine[] =>
  Array.from({ length: last - first + 1 }, (_, i) => lineOf(first + i))
