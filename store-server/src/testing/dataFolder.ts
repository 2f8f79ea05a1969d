import { createHash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { startStore } from '../startStore.ts'
import { call, fakeAgent, logRecord, metricRecord, sha1Of, weightsOf } from './fakeAgent.ts'

/** A folder that ends with the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-folder-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The weights that `fillFolder` leaves: the first was deployed, the second is; the third was not better. */
export const MADE = [1, 2, 3].map((value) => sha1Of(weightsOf(value)))
export const blobOf = (sha1: string): string => `blobs-v1/sha1/${sha1.slice(0, 2)}/${sha1.slice(2)}`
export const recordOf = (sha1: string): string => `blobs-v1/record/${sha1.slice(0, 2)}/${sha1.slice(2)}.json`

/** What a real store leaves: a finished job with three models, two of them deployed in turn, and one that waits; answers the jobs' ids. */
export async function fillFolder(dataDir: string): Promise<{ done: string; waiting: string }> {
  const store = await startStore({ dataDir, port: 0 })
  try {
    const agent = await fakeAgent(store, 'kernel')
    await agent.join('pets')
    const config = { NUM_FILTERS: [1, 2, 3] }
    const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets', config, requestId: 'first' })
    for (const [value, accuracy] of [0.4, 0.6, 0.5].entries()) {
      const run = await agent.next('run')
      await agent.answer(agent.records(run, 1, [logRecord('one'), metricRecord(1, 0.5), logRecord('two')]))
      await agent.finish(run, value + 1, accuracy)
    }
    const { json: next } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
    return { done: job.id, waiting: next.id }
  } finally {
    await store.close()
  }
}

/** Digest and name of every file, but for those of the lock: equal exactly when nothing was changed. */
export async function contentOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const content: Record<string, string> = {}
  for (const path of paths.sort()) {
    const name = path.slice(folder.length + 1)
    if (!name.startsWith('lock/'))
      content[name] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
  }
  return content
}

/** A filled data folder, made once for a file of tests; `copy` gives each test its own. */
export function useFilledFolder() {
  let folder = ''
  let jobs = { done: '', waiting: '' }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawprint-filled-'))
    jobs = await fillFolder(join(folder, 'data'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return {
    jobs: () => jobs,
    copy: async (): Promise<string> => {
      const copy = join(await newFolder(), 'data')
      // The sockets of the lock cannot be copied, and a fresh copy is locked by nobody.
      await cp(join(folder, 'data'), copy, { recursive: true, filter: (path) => !path.endsWith('/lock') })
      return copy
    },
  }
}
