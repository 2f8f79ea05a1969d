import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFinal, type Job } from '@pawprint/protocol'
import { expect, onTestFinished } from 'vitest'
import { checkFolder } from '../store-server/src/check/folder.ts'
import { ask, untilDeath } from './client.ts'
import { collect } from './collect.ts'
import type { History } from './history.ts'
import { problemsOf } from './invariants.ts'
import { createOperator } from './operator.ts'
import type { Random } from './random.ts'
import { type StoreEnd, type StoreProcess, type StoreProcessOptions, startStoreProcess } from './storeProcess.ts'
import { createTrainee } from './trainee.ts'

const NAMES = ['left', 'right']

/** The same kernels, the same person and one data folder, with one store after another. */
export interface Cast {
  readonly folder: string
  /** Starts a store that ends with the test; null when it died before it listened. */
  start(options?: StoreProcessOptions): Promise<{ store: StoreProcess | null; ended: Promise<StoreEnd> }>
  /** Calls `then` after so many acknowledgements from now on. */
  after(acks: number, then: () => void): void
  /** Works until the store is dead; calls `whenDone` once all that the person wanted is asked for. */
  work(store: StoreProcess, whenDone: () => Promise<void> | void): Promise<void>
  /** The same, in rounds: while the store lives, the person wants more once every job has come to its end. After many rounds the store is told to end. */
  workInRounds(store: StoreProcess): Promise<void>
  /** Compares what the store holds with what everybody was told. `ended`: nothing may be under way. */
  expectWhole(store: StoreProcess, ended?: boolean): Promise<void>
  /** Compares what the folder of a dead store holds with itself: nothing may be damaged, or contradict something else. */
  expectSound(): Promise<void>
  /** A last store, under which all that was begun comes to its end. */
  finish(): Promise<void>
  readonly history: History
}

/** Things that the person does in one life of a store, or in a round. */
const STEPS = 12

/** Chance may leave something out of a round: a kernel comes after the launch, a pin keeps everything from being deployed. */
const ROUNDS = 20

export async function createCast(random: Random): Promise<Cast> {
  const parent = await mkdtemp(join(tmpdir(), 'pawprint-kill-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const folder = join(parent, 'data')
  const history: History = []
  let acks = 0
  let onAck = (_acks: number): void => {}
  const settings = { random, history, onAck: () => onAck(++acks) }
  const trainees = NAMES.map((name) => createTrainee({ ...settings, name }))
  const operator = createOperator({ ...settings, notebooks: NAMES })
  const after: Cast['after'] = (count, then) => {
    const target = acks + count
    onAck = (present) => {
      if (present >= target) then()
    }
  }
  const start: Cast['start'] = async (options) => {
    const started = await startStoreProcess(folder, options)
    if (started.store !== null) onTestFinished(started.store.kill)
    return started
  }
  const expectWhole: Cast['expectWhole'] = async (store, ended = false) =>
    expect(problemsOf(history, await collect(store, folder, history, { ended }), { ended })).toEqual([])
  const expectSound = async (): Promise<void> => {
    const findings = await checkFolder(folder)
    // Notes are what a killed process may leave.
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([])
  }
  const perform = async (store: StoreProcess, steps: number, whenDone: () => Promise<void> | void): Promise<void> => {
    const asked = operator.live(store, steps).then(whenDone)
    await Promise.all([asked, ...trainees.map((trainee) => trainee.live(store))]).catch(async (error: unknown) => {
      store.kill()
      const { err } = await store.ended
      throw new Error(`${error instanceof Error ? error.stack : error}\nThe store said: ${err}`, { cause: error })
    })
  }
  return {
    folder,
    history,
    start,
    after,
    expectWhole,
    expectSound,
    work: (store, whenDone) => perform(store, STEPS, whenDone),
    workInRounds: (store) =>
      perform(store, 0, () =>
        untilDeath(async () => {
          for (let round = 0; round < ROUNDS; round++) {
            await operator.live(store, STEPS)
            await untilEnded(store)
          }
          store.signal('SIGTERM')
        }),
      ),
    async finish() {
      const { store, ended } = await start()
      if (store === null) throw new Error(`the store does not start: ${JSON.stringify(await ended)}`)
      await expectWhole(store)
      after(Number.POSITIVE_INFINITY, () => undefined)
      await perform(store, 0, async () => {
        await untilEnded(store)
        await expectWhole(store, true)
        store.kill()
      })
      await ended
      await expectSound()
    },
  }
}

/** Resolves when every job has come to its end. */
async function untilEnded(store: StoreProcess): Promise<void> {
  for (;;) {
    const { items }: { items: Job[] } = (await ask(store, 'GET', '/api/jobs?limit=1000')).json
    if (items.every(({ state }) => isFinal(state))) return
  }
}
