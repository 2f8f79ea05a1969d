import type { Job, LogLine } from '@pawprint/protocol'
import type { RunningStore } from '../../../store-server/src/index.ts'
import { openTestPage } from '../../../store-server/src/testing/testStore.ts'

/** One call of the store's HTTP API, as a person with the operator's token. */
export async function call<T>(store: RunningStore, method: string, path: string, body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${store.token}`, 'content-type': 'application/json' }
  const answer = await fetch(`${store.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

export const launch = (store: RunningStore, config: object, notebook = 'bright'): Promise<Job> =>
  call(store, 'POST', '/api/jobs', { notebook, config })

export const logOf = async (store: RunningStore, job: string): Promise<LogLine[]> =>
  (await call<{ items: LogLine[] }>(store, 'GET', `/api/jobs/${job}/log?limit=100000`)).items

/** Launches a job and waits, as a page does, until it has come to this state. */
export async function launchUntil(
  store: RunningStore,
  config: object,
  state: Job['state'],
  notebook = 'bright',
): Promise<Job> {
  const page = await openTestPage(store)
  const { id } = await launch(store, config, notebook)
  const { job } = await page.next('job', ({ job }) => job.id === id && job.state === state)
  await page.close()
  return job
}
