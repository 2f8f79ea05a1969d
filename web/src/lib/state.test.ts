import { describe, expect, test } from 'vitest'
import { changeOf } from './news.ts'
import { applyMessage, EMPTY_STATE, type PageState, type RecordMessage, withOlder } from './state.ts'
import { deploymentOf, jobOf, modelOf, notebookOf, sha1Of, taskOf, trialOf } from './testRecords.ts'

const after = (...messages: RecordMessage[]): PageState => messages.reduce(applyMessage, EMPTY_STATE)
const snapshot: RecordMessage = {
  type: 'snapshot',
  notebooks: [notebookOf({ name: 'zebra' }), notebookOf({ name: 'gone', state: 'gone' }), notebookOf({ name: 'ant' })],
  jobs: [jobOf({ number: 1 }), jobOf({ number: 3 }), jobOf({ number: 2 })],
  models: [modelOf('a')],
  tasks: [taskOf(deploymentOf(2, 'a'))],
  deployments: [deploymentOf(1, 'b'), deploymentOf(2, 'a')],
  totals: { jobs: 9, models: 4, sizeBytes: 4000 },
}

describe('the records of a page', () => {
  test('a snapshot is put in order: names, those that are gone last, jobs and deployments newest first', () => {
    const state = after(snapshot)
    expect(state.notebooks.map(({ name }) => name)).toEqual(['ant', 'zebra', 'gone'])
    expect(state.jobs.map(({ number }) => number)).toEqual([3, 2, 1])
    expect(state.deployments.map(({ revision }) => revision)).toEqual([2, 1])
  })

  test('a second snapshot replaces the first, so that what was deleted meanwhile is gone', () => {
    const empty: RecordMessage = { ...snapshot, notebooks: [], jobs: [], models: [], tasks: [], deployments: [] }
    expect(after(snapshot, empty).jobs).toEqual([])
  })

  test('a record that is known is replaced in its place, one that is new comes in order', () => {
    const state = after(
      snapshot,
      { type: 'notebook', notebook: notebookOf({ name: 'zebra', state: 'busy' }) },
      { type: 'job', job: jobOf({ number: 2, state: 'done' }) },
      { type: 'job', job: jobOf({ number: 4 }) },
      { type: 'deployment', deployment: deploymentOf(3, 'b') },
    )
    expect(state.notebooks.map(({ name, state: now }) => `${name} ${now}`)).toEqual([
      'ant idle',
      'zebra busy',
      'gone gone',
    ])
    expect(state.jobs.map(({ number, state: now }) => `${number} ${now}`)).toEqual([
      '4 running',
      '3 running',
      '2 done',
      '1 running',
    ])
    expect(state.deployments.map(({ revision }) => revision)).toEqual([3, 2, 1])
  })

  test('older jobs come behind, what is known already stays, and the totals count all of them already', () => {
    const state = after({ ...snapshot, jobs: [jobOf({ number: 8 }), jobOf({ number: 9 })] })
    const older = withOlder(state, [jobOf({ number: 8, state: 'done' }), jobOf({ number: 7 })], [modelOf('c')])
    expect(older.jobs.map(({ number, state: now }) => `${number} ${now}`)).toEqual([
      '9 running',
      '8 running',
      '7 running',
    ])
    expect([...older.models.keys()].sort()).toEqual([modelOf('a').sha1, modelOf('c').sha1])
    expect(older.totals).toEqual(snapshot.totals)
    const retried = applyMessage(older, { type: 'job', job: jobOf({ number: 2 }) })
    expect(retried.totals.jobs).toBe(9)
  })

  test('revisions count within a task', () => {
    const other = deploymentOf(2, 'c', { task: 'pet-breeds' })
    expect(after(snapshot, { type: 'deployment', deployment: other }).deployments).toHaveLength(3)
  })

  test('a trial changes its job only, and one of an unknown job or place changes nothing', () => {
    const trial = trialOf({ state: 'running', progress: 0.5 })
    const state = after(snapshot, { type: 'trial', job: 'job2', trial })
    expect(state.jobs.map(({ trials }) => trials[0]?.progress)).toEqual([0, 0.5, 0])
    for (const lost of [
      { type: 'trial', job: 'nobody', trial } as const,
      { type: 'trial', job: 'job2', trial: { ...trial, index: 7 } } as const,
    ])
      expect(after(snapshot, lost).jobs).toEqual(after(snapshot).jobs)
  })

  test('totals rise with what is new, not with what changed', () => {
    const artifacts = [{ name: 'model.onnx', sha1: sha1Of('f'), sizeBytes: 300 }]
    const made = modelOf('b', { artifacts })
    const state = after(snapshot, { type: 'model', model: modelOf('a') }, { type: 'model', model: made })
    expect(state.totals).toEqual({ jobs: 9, models: 5, sizeBytes: 5300 })
    expect(after(snapshot, { type: 'job', job: jobOf({ number: 4 }) }).totals.jobs).toBe(10)
  })

  test('clearing leaves the notebooks and no deployment', () => {
    const state = after(snapshot, { type: 'cleared' })
    expect(state.notebooks).toHaveLength(3)
    expect([state.jobs, state.models.size, state.deployments, state.tasks[0]?.current]).toEqual([[], 0, [], null])
    expect(state.totals).toEqual({ jobs: 0, models: 0, sizeBytes: 0 })
  })

  test('a forgotten notebook is gone', () => {
    expect(after(snapshot, { type: 'notebook-forgotten', name: 'ant' }).notebooks.map(({ name }) => name)).toEqual([
      'zebra',
      'gone',
    ])
  })

  test('no message changes the state before it', () => {
    const state = after(snapshot)
    const copy = structuredClone(state)
    applyMessage(state, { type: 'trial', job: 'job2', trial: trialOf({ progress: 1 }) })
    applyMessage(state, { type: 'model', model: modelOf('b') })
    expect(state).toEqual(copy)
  })
})

test.each<[RecordMessage, string | null]>([
  [{ type: 'job', job: jobOf({ number: 2, state: 'done' }) }, 'Job 2: done.'],
  [{ type: 'job', job: jobOf({ number: 2 }) }, null],
  [{ type: 'job', job: jobOf({ number: 5 }) }, null],
  [{ type: 'task', task: taskOf(deploymentOf(3, 'b')) }, 'bbbbbbb is deployed for cifar10.'],
  [{ type: 'task', task: taskOf(deploymentOf(2, 'a'), { pinned: true }) }, null],
  [{ type: 'notebook', notebook: notebookOf({ name: 'new' }) }, 'Notebook new registered.'],
  [{ type: 'notebook', notebook: notebookOf({ name: 'ant', state: 'unreachable' }) }, 'Notebook ant is unreachable.'],
  [{ type: 'notebook', notebook: notebookOf({ name: 'ant' }) }, null],
  [{ type: 'cleared' }, 'The store was cleared.'],
])('news of %j', (message, said) => {
  expect(changeOf(after(snapshot), message)).toBe(said)
})
