// kill -9 of a real store under mixed load, again and again: whatever it acknowledged is there when it comes back.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFinal, type Job } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { ask, untilDeath } from './client.ts'
import { collect } from './collect.ts'
import type { History } from './history.ts'
import { problemsOf } from './invariants.ts'
import { createOperator } from './operator.ts'
import { type Random, sizeOf, withSeed } from './random.ts'
import { type StoreProcess, startStoreProcess } from './storeProcess.ts'
import { createTrainee } from './trainee.ts'

const KILLS = sizeOf({ short: 8, suite: 60, long: 500 })
const TIMEOUT_MS = 3_600_000

/** Where a store dies by itself; else it is killed after some acknowledgements. */
const PLACES = [
  ...['write', 'beforeSync', 'beforeRename', 'afterRename', 'afterSync'].flatMap((at) => [
    `document.${at}`,
    `record.${at}`,
  ]),
  ...['write', 'beforeSync', 'afterSync'].map((at) => `log.${at}`),
  ...['create.beforeSession', 'session.beforeRename', 'create.afterSession', 'part.write', 'part.beforeSync'],
  ...['beforeHash', 'beforeSync', 'beforeLink', 'afterLink', 'afterFolder', 'beforeAnswer'].map((at) => `commit.${at}`),
  ...['publish.afterModel', 'publish.beforeEnd', 'deploy.beforeLog', 'deploy.afterLog', 'deploy.beforeShown'],
]

const NAMES = ['left', 'right']

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-kill-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'data')
}

/** The same kernels and the same person, with one store after another. */
function createCast(random: Random, history: History) {
  let acks = 0
  let onAck = (_acks: number): void => {}
  const settings = { random, history, onAck: () => onAck(++acks) }
  const trainees = NAMES.map((name) => createTrainee({ ...settings, name }))
  const operator = createOperator({ ...settings, notebooks: NAMES })
  return {
    operator,
    trainees,
    /** Calls `then` after so many acknowledgements from now on. */
    after(count: number, then: () => void) {
      const target = acks + count
      onAck = (present) => {
        if (present >= target) then()
      }
    },
  }
}

async function expectWhole(store: StoreProcess, folder: string, history: History, ended = false): Promise<void> {
  const final = await collect(store, folder, history, { ended })
  expect(problemsOf(history, final, { ended })).toEqual([])
}

/** One life, from start to kill -9. */
async function live(
  folder: string,
  history: History,
  cast: ReturnType<typeof createCast>,
  random: Random,
): Promise<void> {
  const failpoint = random.chance(0.6) ? `${random.pick(PLACES)}@${random.int(1, 25)}:kill` : undefined
  const { store, ended } = await startStoreProcess(folder, failpoint === undefined ? {} : { failpoint })
  if (store !== null) {
    onTestFinished(store.kill)
    cast.after(random.int(1, 60), store.kill)
    await untilDeath(() => expectWhole(store, folder, history))
    const work = cast.operator.live(store, 12).finally(store.kill)
    const lives = [work, ...cast.trainees.map((trainee) => trainee.live(store))]
    await Promise.all(lives).catch(async (error: unknown) => {
      store.kill()
      throw new Error(`${error instanceof Error ? error.stack : error}\nThe store said: ${(await ended).err}`, {
        cause: error,
      })
    })
  }
  expect(await ended).toEqual({ code: null, signal: 'SIGKILL', err: '' })
}

/** The last life: all that was begun comes to its end. */
async function finish(folder: string, history: History, cast: ReturnType<typeof createCast>): Promise<void> {
  const { store, ended } = await startStoreProcess(folder)
  if (store === null) throw new Error(`the store does not start: ${JSON.stringify(await ended)}`)
  onTestFinished(store.kill)
  await expectWhole(store, folder, history)
  cast.after(Number.POSITIVE_INFINITY, () => undefined)
  const lives = cast.trainees.map((trainee) => trainee.live(store))
  await cast.operator.live(store, 0)
  await Promise.race([...lives, untilEnded(store)])
  await expectWhole(store, folder, history, true)
  store.kill()
  await Promise.all(lives)
}

async function untilEnded(store: StoreProcess): Promise<void> {
  for (;;) {
    const { items }: { items: Job[] } = (await ask(store, 'GET', '/api/jobs?limit=1000')).json
    if (items.every(({ state }) => isFinal(state))) return
  }
}

test(`a store that is killed ${KILLS} times under load keeps its word`, { timeout: TIMEOUT_MS }, () =>
  withSeed(async (random) => {
    const folder = await newFolder()
    const history: History = []
    const cast = createCast(random, history)
    for (let kill = 0; kill < KILLS; kill++) await live(folder, history, cast, random)
    await finish(folder, history, cast)
    const kinds = new Set(history.filter(({ outcome }) => outcome === 'ok').map(({ act }) => act.type))
    expect([...kinds].sort()).toEqual(['deploy', 'done', 'failed', 'launch', 'pin', 'records', 'run', 'upload'])
  }),
)
