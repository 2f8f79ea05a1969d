import type { ToAgent } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { type Registration, registerNotebook } from '../core/registry.ts'
import { DEFAULT_TIMES } from '../options.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { type Storage, StorageError } from '../storage/storage.ts'
import { TEST_FIELDS, TEST_TASK, TEST_TIME } from '../testing/fakeAgent.ts'
import { saveRegistry } from './changes.ts'
import type { Store } from './context.ts'
import { launch, stop } from './launching.ts'
import { openStore } from './open.ts'

const REGISTRATION: Registration = {
  type: 'register',
  id: 'r',
  name: 'pets',
  task: TEST_TASK,
  schema: TEST_FIELDS,
  engine: 'fake',
  cores: 1,
  slots: 1,
  host: 'here',
  pid: 1,
  attempts: [],
}

/** A storage whose disk is full for the first job that it is given. */
function fullOnce(): Storage {
  const memory = createMemoryStorage()
  let isFull = true
  const documents: Storage['documents'] = {
    ...memory.documents,
    async write(name, value) {
      const refused = isFull && name.startsWith('jobs/')
      if (refused) isFull = false
      if (refused) throw new StorageError('E_NO_SPACE', name, 'room on the disk', 'none')
      return memory.documents.write(name, value)
    },
  }
  return { ...memory, documents }
}

/** A store with one notebook. */
async function open(storage: Storage): Promise<Store> {
  let ids = 0
  const world = { nowMs: () => 0, monotonicMs: () => 0, chance: () => 0, newId: () => `id${++ids}`, report: () => {} }
  const store = await openStore({ storage, world, times: DEFAULT_TIMES, writeCurrent: async () => {} })
  store.notebooks.set('pets', registerNotebook(null, 'pets', 'kernel', REGISTRATION, TEST_TIME))
  return store
}

test('a request that is repeated while the first one fails on a full disk gets a job that there is', async () => {
  const store = await open(fullOnce())
  const request = { notebook: 'pets', requestId: 'once' }
  const [first, second] = await Promise.allSettled([launch(store, request), launch(store, request)])
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'E_NO_SPACE' } })
  expect(second).toMatchObject({ status: 'fulfilled', value: { created: true } })
  expect([...store.jobs.keys()]).toEqual(['id2'])
  // The one that there is not has left no log behind.
  expect(await Promise.all(['id1', 'id2'].map((id) => store.jobLog.count(id)))).toEqual([0, 1])
})

test('a job that is on disk was launched, also when the disk refuses the first line of its log', async () => {
  const storage = createMemoryStorage()
  const append: Storage['logs']['append'] = async (name) => {
    throw new StorageError('E_NO_SPACE', name, 'room on the disk', 'none')
  }
  const store = await open({ ...storage, logs: { ...storage.logs, append } })
  const { created, record } = await launch(store, { notebook: 'pets', requestId: 'once' })
  expect(created).toBe(true)
  expect(await launch(store, { notebook: 'pets', requestId: 'once' })).toMatchObject({ created: false })
  const again = await openStore({ ...store, storage })
  expect([...again.jobs.keys()]).toEqual([record.job.id])
})

test('a launch writes its job and not the registry, and a store that was killed then goes on with the next number', async () => {
  const memory = createMemoryStorage()
  const written: string[] = []
  const write: Storage['documents']['write'] = (name, value) => {
    written.push(name)
    return memory.documents.write(name, value)
  }
  const store = await open({ ...memory, documents: { ...memory.documents, write } })
  await saveRegistry(store)
  written.length = 0
  for (let i = 0; i < 3; i++) await launch(store, { notebook: 'pets' })
  expect(written).toEqual(['jobs/id1/job', 'jobs/id2/job', 'jobs/id3/job'])
  const again = await openStore({ ...store, storage: memory })
  expect(again.notebooks.get('pets')?.notebook).toMatchObject({ state: 'unreachable', job: null })
  expect((await launch(again, { notebook: 'pets' })).record.job.number).toBe(4)
})

test('ten thousand queued jobs that are cancelled all end, and none of them starts', async () => {
  const store = await open(createMemoryStorage())
  const runs: string[] = []
  const link = { instance: 'kernel', notebook: 'pets', ready: true, close: () => {} }
  const send = (message: ToAgent) => void (message.type === 'run' && runs.push(message.job))
  store.links.set('pets', { ...link, send })
  const launched = await Promise.all(Array.from({ length: 10_001 }, () => launch(store, { notebook: 'pets' })))
  const [first, ...queued] = launched.map(({ record }) => record.job.id)
  expect(store.jobs.queue('pets').map(({ job }) => job.id)).toEqual([first, ...queued])
  const stopped = await Promise.all(queued.map((id) => stop(store, id)))
  expect(stopped.every(({ job }) => job.state === 'cancelled')).toBe(true)
  expect(runs).toEqual([first])
  expect(store.jobs.queue('pets').map(({ job }) => job.id)).toEqual([first])
})
