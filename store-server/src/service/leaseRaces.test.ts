// Kernels that come, vanish, come back and deliver, in random order under a clock of the test's own: each trial has one owner and one end.
import { isFinal, MAX_ATTEMPTS, type ToAgent } from '@pawprint/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Registration } from '../core/registry.ts'
import { DEFAULT_TIMES } from '../options.ts'
import { upload } from '../storage/fixture.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { type Run, refOf, reportOf, sha1Of, TEST_FIELDS, TEST_TASK, weightsOf } from '../testing/fakeAgent.ts'
import type { AgentLink, Store } from './context.ts'
import { launch } from './launching.ts'
import { openStore } from './open.ts'
import { publish } from './publishing.ts'
import { leave, register, sweepGone } from './registering.ts'
import { fail } from './training.ts'

const TRIALS = 3
const KERNELS = 3
const MINUTE_MS = 60_000

/** A step: `who` is a kernel for the first two, else one of the attempts that were ever given. */
type Step = {
  readonly type: 'come' | 'vanish' | 'goodbye' | 'done' | 'fail' | 'wait' | 'restart'
  readonly who: number
}

const step: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom('come', 'come', 'vanish', 'goodbye', 'done', 'done', 'fail', 'wait', 'restart'),
  who: fc.nat(20),
})

const REGISTRATION: Registration = {
  type: 'register',
  id: 'r',
  name: 'pets',
  task: TEST_TASK,
  schema: TEST_FIELDS,
  engine: 'fake',
  cores: 2,
  slots: 2,
  host: 'here',
  pid: 1,
  attempts: [],
}

interface Given extends Run {
  readonly kernel: number
}

/** A store, its clock, and all that was ever given to kernels. */
async function createScene() {
  const storage = createMemoryStorage()
  let [ids, nowMs] = [0, 0]
  const world = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    chance: () => 0,
    newId: () => `id${++ids}`,
    report: () => {},
  }
  const open = (): Promise<Store> => openStore({ storage, world, times: DEFAULT_TIMES, writeCurrent: async () => {} })
  let store = await open()
  const given: Given[] = []
  const links = new Map<number, AgentLink>()
  const come = async (kernel: number): Promise<void> => {
    const send = (message: ToAgent) => {
      if (message.type === 'run' && !given.some(({ lease }) => lease === message.lease))
        given.push({ ...message, kernel })
    }
    const link: AgentLink = { instance: `kernel${kernel}`, notebook: null, ready: false, send, close: () => {} }
    links.set(kernel, link)
    const attempts = given.filter((run) => run.kernel === kernel).map(refOf)
    await register(store, link, { ...REGISTRATION, attempts })
  }
  return {
    store: () => store,
    given,
    come,
    async end(kernel: number, presence: 'unreachable' | 'gone') {
      const link = links.get(kernel)
      links.delete(kernel)
      if (link) await leave(store, link, presence)
    },
    async wait() {
      nowMs += MINUTE_MS
      await sweepGone(store)
    },
    async restart() {
      links.clear()
      store = await open()
    },
    async prepare() {
      await come(0)
      for (let value = 1; value <= TRIALS * MAX_ATTEMPTS * 2; value++) await upload(storage.blobs, weightsOf(value))
      await launch(store, { notebook: 'pets', config: { NUM_FILTERS: [1, 2, 3] } })
    },
  }
}

/** Which attempt of each trial ended it, by what the store says. */
const endedBy = (store: Store): (string | null)[] =>
  [...store.jobs.values()].flatMap(({ job }) =>
    job.trials.map(({ state, attempt, sha1 }) =>
      state === 'done' || state === 'failed' ? `${state} ${attempt} ${sha1}` : null,
    ),
  )

test('a trial has one owner at a time and one end, and what an owner that lost it sends is late', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const scene = await createScene()
      await scene.prepare()
      let before = endedBy(scene.store())
      for (const { type, who } of steps) {
        const kernel = who % KERNELS
        const at = who % Math.max(1, scene.given.length)
        const run = scene.given[at]
        const store = scene.store()
        if (type === 'come') await scene.come(kernel)
        if (type === 'vanish') await scene.end(kernel, 'unreachable')
        if (type === 'goodbye') await scene.end(kernel, 'gone')
        if (type === 'wait') await scene.wait()
        if (type === 'restart') await scene.restart()
        if (type === 'done' && run) await deliver(store, run, at + 1)
        if (type === 'fail' && run)
          await fail(store, { type: 'failed', id: 'f', ...refOf(run), reason: 'bad luck', permanent: false })
        const after = endedBy(scene.store())
        // An end is for ever: nobody finishes a trial twice, and nothing undoes it.
        before.forEach((end, i) => {
          if (end !== null) expect(after[i]).toBe(end)
        })
        before = after
        expectOneOwner(scene.store(), scene.given)
      }
    }),
    { numRuns: process.env.PAWPRINT_FAULTS === 'long' ? 10_000 : 150 },
  )
})

/** Says done with weights that no other attempt has; what a former owner sends never counts for its trial, nor serves by itself. */
async function deliver(store: Store, run: Given, value: number): Promise<void> {
  const trialOf = () => store.jobs.get(run.job)?.job.trials[run.trial]
  const { attempt, state } = trialOf() ?? {}
  const isOwner = attempt === run.attempt && state === 'running'
  const wasEnded = attempt === run.attempt && state === 'done'
  const report = reportOf(sha1Of(weightsOf(value)), value / 100)
  const verdict = await publish(store, { type: 'done', id: 'd', ...refOf(run), model: report, seconds: 1 })
  if (isOwner) expect(trialOf()).toMatchObject({ state: 'done', sha1: report.sha1, attempt: run.attempt })
  else if (!wasEnded) {
    expect(verdict).toMatchObject({ deployed: false, code: 'late' })
    expect(store.tasks.get('pets')?.deployments.map(({ sha1 }) => sha1)).not.toContain(report.sha1)
  }
}

function expectOneOwner(store: Store, given: readonly Given[]): void {
  for (const { job, leases } of store.jobs.values()) {
    for (const { index, attempt, state } of job.trials) {
      expect(leases[index]).toHaveLength(attempt)
      expect(attempt).toBeLessThanOrEqual(MAX_ATTEMPTS)
      expect(isFinal(job.state) && (state === 'running' || state === 'waiting')).toBe(false)
    }
    const running = job.trials.filter(({ state }) => state === 'running').length
    expect(running).toBeLessThanOrEqual(REGISTRATION.slots)
  }
  // An attempt is given with one lease, to whoever it is given.
  const tokens = new Map(given.map((run) => [`${run.job}/${run.trial}/${run.attempt}`, run.lease]))
  for (const run of given) expect(tokens.get(`${run.job}/${run.trial}/${run.attempt}`)).toBe(run.lease)
}
