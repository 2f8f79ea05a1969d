// kill -9 of a real store under mixed load, again and again: whatever it acknowledged is there when it comes back.
import { expect, test } from 'vitest'
import { type Cast, createCast } from './cast.ts'
import { untilDeath } from './client.ts'
import { type Random, sizeOf, withSeed } from './random.ts'

const KILLS = sizeOf({ short: 4, suite: 60, long: 500 })
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

/** How many of these places are tried one by one. */
const TRIED = sizeOf({ short: 1, suite: PLACES.length, long: PLACES.length })

const KILLED = { code: null, signal: 'SIGKILL', err: '' }

/** One life, from start to kill -9. */
async function live(cast: Cast, random: Random): Promise<void> {
  const failpoint = random.chance(0.6) ? `${random.pick(PLACES)}@${random.int(1, 25)}:kill` : undefined
  const { store, ended } = await cast.start(failpoint === undefined ? {} : { failpoint })
  if (store !== null) {
    cast.after(random.int(1, 60), store.kill)
    await untilDeath(() => cast.expectWhole(store))
    await cast.work(store, store.kill)
  }
  expect(await ended).toEqual(KILLED)
  // A store that died in its very first steps leaves no folder to check.
  if (store !== null) await cast.expectSound()
}

test(`a store that is killed ${KILLS} times under load keeps its word`, { timeout: TIMEOUT_MS }, () =>
  withSeed(async (random) => {
    const cast = await createCast(random)
    for (let kill = 0; kill < KILLS; kill++) await live(cast, random)
    await cast.finish()
    const kinds = new Set(cast.history.filter(({ outcome }) => outcome === 'ok').map(({ act }) => act.type))
    expect([...kinds]).toEqual(expect.arrayContaining(['done', 'launch', 'records', 'run', 'upload']))
  }),
)

test(
  'a store that dies at any step from upload to deployment is gone on with by the next one',
  { timeout: TIMEOUT_MS },
  () =>
    withSeed(async (random) => {
      const places = [...PLACES].sort(() => random.int(0, 1) - 0.5).slice(0, TRIED)
      for (const place of places) {
        const cast = await createCast(random)
        const { store, ended } = await cast.start({ failpoint: `${place}:kill` })
        if (store !== null) await cast.workInRounds(store)
        expect(await ended, `${place} was passed`).toEqual(KILLED)
        await cast.finish()
      }
    }),
)

const SIGNALS = (['SIGTERM', 'SIGINT', 'SIGHUP'] as const).slice(0, sizeOf({ short: 1, suite: 3, long: 3 }))

test.each(SIGNALS)('%s under load ends the store in order, and the next one goes on', { timeout: TIMEOUT_MS }, (name) =>
  withSeed(async (random) => {
    const cast = await createCast(random)
    const { store, ended } = await cast.start()
    if (store === null) throw new Error('the store does not start')
    cast.after(random.int(5, 30), () => store.signal(name))
    await cast.work(store, () => store.signal(name))
    // A second signal ends it at once, as a person who is tired of waiting wants it.
    expect(await ended).toMatchObject({ signal: null, code: expect.toSatisfy((code) => code === 0 || code === 1) })
    await cast.finish()
  }),
)
