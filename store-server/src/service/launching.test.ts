import { expect, test } from 'vitest'
import { type Registration, registerNotebook } from '../core/registry.ts'
import { DEFAULT_TIMES } from '../options.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { type Storage, StorageError } from '../storage/storage.ts'
import { TEST_FIELDS, TEST_TASK, TEST_TIME } from '../testing/fakeAgent.ts'
import { launch } from './launching.ts'
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

test('a request that is repeated while the first one fails on a full disk gets a job that there is', async () => {
  let ids = 0
  const world = { nowMs: () => 0, monotonicMs: () => 0, chance: () => 0, newId: () => `id${++ids}`, report: () => {} }
  const store = await openStore({ storage: fullOnce(), world, times: DEFAULT_TIMES, writeCurrent: async () => {} })
  store.notebooks.set('pets', registerNotebook(null, 'pets', 'kernel', REGISTRATION, TEST_TIME))
  const request = { notebook: 'pets', requestId: 'once' }
  const [first, second] = await Promise.allSettled([launch(store, request), launch(store, request)])
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'E_NO_SPACE' } })
  expect(second).toMatchObject({ status: 'fulfilled', value: { created: true } })
  expect([...store.jobs.keys()]).toEqual(['id2'])
})
