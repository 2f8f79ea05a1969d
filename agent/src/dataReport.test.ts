// What is found of a notebook's data: shown by the store, and a reason to stop.
import { type DataReport, type Job, MAX_DATA_REPORT_LENGTH, type Notebook } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { dataReportOf, violationsOf } from './dataReport.ts'
import { expectBalance, expectNoLeaks } from './datasets/expectations.ts'
import { inspect } from './datasets/inspect.ts'
import { plainDataset } from './datasets/testing/testDataset.ts'
import { brightNotebook, openTestAgent, TASK } from './testing/agents.ts'
import { call, launchUntil, logOf } from './testing/api.ts'
import { ended } from './testing/kernels.ts'
import type { NotebookDefinition } from './types.ts'

const CLASSES = TASK.classNames
/** Three dark images and a bright one to learn; of the dark ones one is tested, too. */
const LEAKING = plainDataset(CLASSES, {
  train: [
    [0, 0],
    [0, 51],
    [0, 51],
    [1, 204],
  ],
  test: [
    [0, 0],
    [1, 255],
  ],
})
const none = { count: 0, examples: [] }
const REPORT: DataReport = {
  classNames: ['dark', 'bright'],
  imageSize: 8,
  counts: { train: [3, 1], validation: [0, 0], test: [1, 1] },
  duplicates: {
    leaks: { count: 1, examples: ['train/0 (train, dark) = test/0 (test, dark)'] },
    ambiguous: none,
    others: { count: 1, examples: ['train/1 (train, dark) = train/2 (train, dark)'] },
  },
  broken: { count: 1, examples: ['x.jpg: the file is empty'] },
  pictures: { width: { min: 10, median: 10, max: 10 }, height: { min: 20, median: 20, max: 20 }, enlarged: 0 },
  channels: {
    // 0, 51, 51 and 204 of 255: fifths 0, 1, 1 and 4.
    mean: new Array(3).fill(expect.closeTo(0.3, 12)),
    std: new Array(3).fill(expect.closeTo(Math.sqrt((0.09 + 0.01 + 0.01 + 0.25) / 4), 12)),
  },
  violations: [
    {
      message: 'sets: expected no equal images in two of them, got train/0 (train, dark) = test/0 (test, dark)',
      advice: 'Remove the copies, or split by content as datasets.imageFolder does.',
    },
    { message: 'too few images' },
  ],
}
const tooFew = async (): Promise<void> => {
  throw new Error('too few images')
}

test('what is found of the data is with the notebook and its jobs; a violated expectation stops a job untrained, mended data go on', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  const trained: number[] = []
  const notebook: NotebookDefinition = {
    ...brightNotebook(async ({ index }) => {
      trained.push(index)
    }),
    data: LEAKING,
    expectations: [(found) => expectBalance(found, 3), expectNoLeaks, tooFew],
  }
  await agent.register(notebook)
  agent.serve()
  const shown = await call<Notebook>(store, 'GET', '/api/notebooks/bright')
  expect(shown.data).toEqual(REPORT)
  const stopped = await launchUntil(store, { LEARNING_RATE: [0.01, 0.1, 0.2], SEED: 1 }, 'cancelled')
  expect(stopped.trials.map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  expect(stopped.data).toEqual(REPORT)
  expect(trained).toEqual([])
  const lines = (await logOf(store, stopped.id)).map(({ text }) => text)
  expect(lines).toContain(`${REPORT.violations[0]?.message}. ${REPORT.violations[0]?.advice}`)
  expect(lines).toContain('Cancelled: the data are not as the notebook expects them')

  const data = plainDataset(CLASSES, {
    train: [
      [0, 0],
      [1, 204],
    ],
    test: [[0, 9]],
  })
  await agent.register({ ...notebook, data, expectations: [expectNoLeaks] })
  await call(store, 'POST', `/api/jobs/${stopped.id}/retry`)
  const done: Job = await ended(store, stopped.id)
  expect(done.state).toBe('done')
  expect(done.data).toMatchObject({ counts: { train: [1, 1] }, violations: [] })
  expect(trained.toSorted()).toEqual([0, 1, 2])
})

test.each<[string, Partial<NotebookDefinition>, string]>([
  ['expectations without data', { expectations: [expectNoLeaks] }, 'expectations: expected data beside them, got none'],
  [
    'an expectation that is no function',
    { data: LEAKING, expectations: ['balance' as never] },
    'expectations: expected functions of an inspection, got string',
  ],
  [
    'data of other classes',
    { data: plainDataset(['bright', 'dark'], { train: [[0, 1]] }) },
    'data: expected the classes of the task: dark, bright, got bright, dark',
  ],
])('%s: the notebook is not registered, and says why', async (_what, change, message) => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  await expect(agent.register({ ...brightNotebook(), ...change })).rejects.toMatchObject({ code: 'E_OPTION', message })
  expect(await call(store, 'GET', '/api/notebooks')).toMatchObject({ items: [] })
})

test('of a thousand long names and files fewer examples are sent, and nothing where the names alone are too long', async () => {
  const inspection = await inspect(LEAKING)
  const broken = Array.from({ length: 500 }, (_, i) => ({ name: 'é'.repeat(2000), reason: `${i}` }))
  const violations = await violationsOf(inspection, new Array(40).fill(tooFew))
  expect(violations).toHaveLength(32)
  const report = dataReportOf({ ...inspection, broken }, violations)
  expect(report?.broken.count).toBe(500)
  expect(report?.broken.examples).toHaveLength(20)
  expect(report?.broken.examples[0]).toMatch(/^é{400,500}…$/)
  const names = (length: number) => Array.from({ length: 500 }, (_, i) => `${i}`.padEnd(length, 'x'))
  const counts = { all: 500, perClass: new Array<number>(500).fill(1) }
  const many = { ...inspection, broken, counts: { train: counts, validation: counts, test: counts } }
  const tight = dataReportOf({ ...many, classNames: names(120) }, [])
  expect(tight?.broken).toEqual({ count: 500, examples: [] })
  expect(JSON.stringify(tight).length).toBeLessThanOrEqual(MAX_DATA_REPORT_LENGTH)
  expect(dataReportOf({ ...many, classNames: names(128) }, [])).toBeNull()
})
