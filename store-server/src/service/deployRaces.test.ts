// Results, people and pins at the same time, in every order of what the disk does: the outcome is that of one of the orders in
// which the same things could have happened one after another.
import type { ToAgent } from '@pawprint/protocol'
import fc, { type Scheduler } from 'fast-check'
import { expect, test } from 'vitest'
import { type Registration, registerNotebook } from '../core/registry.ts'
import { DEFAULT_TIMES } from '../options.ts'
import { upload } from '../storage/fixture.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import {
  type Run,
  refOf,
  reportOf,
  sha1Of,
  TEST_FIELDS,
  TEST_TASK,
  TEST_TIME,
  weightsOf,
} from '../testing/fakeAgent.ts'
import type { Store } from './context.ts'
import { deployByHand, pin } from './deploying.ts'
import { launch } from './launching.ts'
import { openStore } from './open.ts'
import { publish } from './publishing.ts'

/** What happens at the same time. Models 1 (40 %, deployed) and 2 (30 %) are there before; a result brings the next number. */
type Act =
  | { readonly type: 'result'; readonly percent: number }
  | { readonly type: 'hand'; readonly model: 1 | 2; readonly expected: number | undefined }
  | { readonly type: 'pin'; readonly pinned: boolean }

/** What came of it: the history as "model by whom", the answer to each act, and the pin. */
interface Outcome {
  readonly history: string[]
  readonly answers: string[]
  readonly pinned: boolean
}

/** The promotion rules in a few lines: the acts one after another, in this order. */
function model(acts: readonly Act[], order: readonly number[]): Outcome {
  const history = [{ model: 1, by: 'auto' }]
  const percents = [0, 40, 30, ...acts.map((act) => (act.type === 'result' ? act.percent : 0))]
  const answers: string[] = []
  let pinned = false
  const isDeclined = (wanted: number): boolean =>
    history.reduce(
      (declined, { model, by }, i) =>
        model !== wanted && (declined || (by === 'person' && history[i - 1]?.model === wanted)),
      false,
    )
  for (const i of order) {
    const act = acts[i]
    const current = history.at(-1)?.model ?? 0
    if (act?.type === 'pin') pinned = act.pinned
    if (act?.type === 'result') {
      const better = act.percent > (percents[current] ?? 0)
      const deployed = better && !pinned && !isDeclined(i + 3)
      if (deployed) history.push({ model: i + 3, by: 'auto' })
      answers[i] = deployed ? 'deployed' : better ? (isDeclined(i + 3) ? 'declined' : 'pinned') : 'not-better'
    }
    if (act?.type === 'hand') {
      const refused = act.expected !== undefined && act.expected !== history.length
      answers[i] = refused ? 'E_REVISION' : current === act.model ? 'served already' : 'moved'
      if (answers[i] === 'moved') history.push({ model: act.model, by: 'person' })
    }
  }
  return {
    history: history.map(({ model, by }) => `${model} ${by}`),
    answers: acts.map((_, i) => answers[i] ?? ''),
    pinned,
  }
}

function* orders(left: readonly number[], done: readonly number[] = []): Generator<readonly number[]> {
  if (left.length === 0) yield done
  for (const i of left)
    yield* orders(
      left.filter((other) => other !== i),
      [...done, i],
    )
}

const REGISTRATION: Registration = {
  type: 'register',
  id: 'r',
  name: 'pets',
  task: TEST_TASK,
  schema: TEST_FIELDS,
  engine: 'fake',
  cores: 8,
  slots: 8,
  host: 'here',
  pid: 1,
  attempts: [],
}

/** A storage whose writes end when the scheduler says so, once the race has begun. */
function scheduled(scheduler: Scheduler, race: { begun: boolean }): Storage {
  const memory = createMemoryStorage()
  const turn = (label: string): Promise<unknown> =>
    race.begun ? scheduler.schedule(Promise.resolve(), label) : Promise.resolve()
  return {
    ...memory,
    documents: {
      ...memory.documents,
      write: (name, value) => turn(name).then(() => memory.documents.write(name, value)),
    },
    logs: { ...memory.logs, append: (name, records) => turn(name).then(() => memory.logs.append(name, records)) },
  }
}

/** A store with a notebook whose kernel was given as many trials as there are acts, and two models more. */
async function begin(storage: Storage, trials: number): Promise<{ store: Store; runs: Run[] }> {
  let ids = 0
  const world = { nowMs: () => 0, monotonicMs: () => 0, chance: () => 0, newId: () => `id${++ids}`, report: () => {} }
  const store = await openStore({ storage, world, times: DEFAULT_TIMES, writeCurrent: async () => {} })
  const runs: Run[] = []
  const send = (message: ToAgent) => void (message.type === 'run' && runs.push(message))
  store.notebooks.set('pets', registerNotebook(null, 'pets', 'kernel', REGISTRATION, TEST_TIME))
  store.tasks.set('pets', { task: TEST_TASK, pinned: false, deployments: [] })
  store.links.set('pets', { instance: 'kernel', notebook: 'pets', ready: true, send, close: () => {} })
  await launch(store, {
    notebook: 'pets',
    config: { NUM_FILTERS: Array.from({ length: trials + 2 }, (_, i) => i + 1) },
  })
  return { store, runs }
}

async function finish(store: Store, run: Run | undefined, number: number, percent: number): Promise<string> {
  if (run === undefined) throw new Error('expected a trial that was given')
  const report = reportOf(sha1Of(weightsOf(number)), percent / 100)
  return (await publish(store, { type: 'done', id: 'd', ...refOf(run), model: report, seconds: 1 })).code
}

function perform(store: Store, runs: readonly Run[], act: Act, i: number): Promise<string> {
  if (act.type === 'result') return finish(store, runs[i + 2], i + 3, act.percent)
  if (act.type === 'pin') return pin(store, 'pets', act.pinned).then(() => '')
  return deployByHand(store, 'pets', sha1Of(weightsOf(act.model)), act.expected).then(
    ({ created }) => (created ? 'moved' : 'served already'),
    (error: unknown) => String(Object(error).code),
  )
}

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('result' as const), percent: fc.constantFrom(25, 35, 45, 55) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('hand' as const),
      model: fc.constantFrom(1 as const, 2 as const),
      expected: fc.constantFrom(undefined, 1, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pin' as const), pinned: fc.boolean() }) },
)

test('whatever happens at the same time, the outcome is that of one order, and of a restart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 4 }), fc.scheduler(), async (acts, scheduler) => {
      const race = { begun: false }
      const storage = scheduled(scheduler, race)
      const { store, runs } = await begin(storage, acts.length)
      for (let number = 1; number <= acts.length + 2; number++) await upload(storage.blobs, weightsOf(number))
      await finish(store, runs[0], 1, 40)
      await finish(store, runs[1], 2, 30)
      race.begun = true
      const answers = await scheduler.waitFor(Promise.all(acts.map((act, i) => perform(store, runs, act, i))))
      race.begun = false
      const numberOf = new Map(Array.from({ length: acts.length + 2 }, (_, i) => [sha1Of(weightsOf(i + 1)), i + 1]))
      const outcomeOf = (of: Store): Outcome => {
        const { deployments = [], pinned = false } = of.tasks.get('pets') ?? {}
        return { history: deployments.map(({ sha1, by }) => `${numberOf.get(sha1)} ${by}`), answers, pinned }
      }
      const possible = [...orders(acts.map((_, i) => i))].map((order) => model(acts, order))
      expect(possible).toContainEqual(outcomeOf(store))
      expect(outcomeOf(await openStore({ ...store, storage }))).toEqual(outcomeOf(store))
      const revisions = store.tasks.get('pets')?.deployments.map(({ revision }) => revision)
      expect(revisions).toEqual(revisions?.map((_, i) => i + 1))
    }),
    { numRuns: process.env.PAWPRINT_FAULTS === 'long' ? 10_000 : 150 },
  )
})
