import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deployment, Job, LogLine, MetricPoint, Model, TaskStatus } from '@pawprint/protocol'
import type { RunningStore } from '@pawprint/store-server'
import type { History } from './history.ts'
import type { Final, FinalJob, FinalTask } from './invariants.ts'

const sha1Of = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

type Api = Pick<RunningStore, 'url' | 'token'>

async function get({ url, token }: Api, path: string): Promise<Response> {
  return fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
}

async function json<T>(api: Api, path: string): Promise<T> {
  const answer = await get(api, path)
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

/** All items of a list, page by page. */
async function all<T>(api: Api, path: string): Promise<T[]> {
  const items: T[] = []
  for (let after = ''; ; ) {
    const page = await json<{ items: T[]; next: string | null }>(api, `${path}?limit=1000${after}`)
    items.push(...page.items)
    if (page.next === null) return items
    after = `&after=${page.next}`
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

async function jobsOf(api: Api, folder: string): Promise<FinalJob[]> {
  const jobs = await all<Job>(api, '/api/jobs')
  return Promise.all(
    jobs.map(async (job) => {
      // What no client sees: whose request it was, and the tokens of its attempts.
      const { requestId, leases } = JSON.parse(await readFile(join(folder, 'jobs', job.id, 'job.json'), 'utf8'))
      const lines = await all<LogLine>(api, `/api/jobs/${job.id}/log`)
      const points = await all<MetricPoint>(api, `/api/jobs/${job.id}/metrics`)
      return { job, requestId, leases, lines, points }
    }),
  )
}

async function tasksOf(api: Api, folder: string): Promise<FinalTask[]> {
  const { items } = await json<{ items: TaskStatus[] }>(api, '/api/tasks')
  return Promise.all(
    items.map(async ({ name, pinned, current }) => {
      const deployments = (await all<Deployment>(api, `/api/tasks/${name}/deployments`)).reverse()
      const text = await readFile(join(folder, 'deployed', name, 'current.json'), 'utf8').catch(() => null)
      const shown: Deployment | null = text === null ? null : JSON.parse(text).deployment
      return { name, pinned, deployments, current, shown }
    }),
  )
}

/** The sha1 of each blob's bytes, as the store serves them; a blob that it does not serve is left out. */
async function servedOf(api: Api, sha1s: Iterable<string>): Promise<Map<string, string>> {
  const served = new Map<string, string>()
  for (const sha1 of sha1s) {
    const answer = await get(api, `/api/models/${sha1}/weights`)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    if (answer.ok) served.set(sha1, sha1Of(bytes))
  }
  return served
}

const HEX = '[0-9a-f]'
const OWN = [
  /^layout$/,
  /^registry\.json(\.tmp)?$/,
  /^token(-agent|-viewer)?(\.tmp)?$/,
  /^lock\//,
  // Derived, and made again where it is missing or stale.
  /^index\/[\w-]+-\d+$/,
  /^deployments\/[a-z0-9-]+\.log$/,
  /^deployed\/[a-z0-9-]+\/current\.json$/,
  // A process that was killed leaves one such file per target at most.
  /^deployed\/[a-z0-9-]+\/\.current\.\d+\.tmp$/,
  /^jobs\/[\w-]+\/job\.json\.tmp$/,
  new RegExp(`^models/${HEX}{40}/(model|details)\\.json\\.tmp$`),
  new RegExp(`^blobs-v1/record/${HEX}{2}/${HEX}{38}\\.json\\.tmp$`),
  /^uploads\/[\w-]{22}\/(session\.json|part)$/,
]

/** Everything that the store holds, by its API and its folder. `ended`: nothing is under way, so no result may wait for its model. */
export async function collect(api: Api, folder: string, history: History, { ended = false } = {}): Promise<Final> {
  const [jobs, tasks] = [await jobsOf(api, folder), await tasksOf(api, folder)]
  const models = await all<Model>(api, '/api/models')
  const files = await filesOf(folder)
  const uploaded = history.flatMap(({ act }) => (act.type === 'upload' ? [act.sha1] : []))
  const onDisk = new Map<string, string>()
  for (const path of files) {
    const [, a = '', b = ''] = new RegExp(`^blobs-v1/sha1/(${HEX}{2})/(${HEX}{38})$`).exec(path) ?? []
    if (a !== '') onDisk.set(a + b, sha1Of(await readFile(join(folder, path))))
  }
  const known = new Set([
    ...jobs.flatMap(({ job }) => ['job.json', 'log.log', 'metrics.log'].map((name) => `jobs/${job.id}/${name}`)),
    ...models.flatMap(({ sha1 }) => ['model', 'details'].map((name) => `models/${sha1}/${name}.json`)),
    // Bytes that were committed and whose result was never said stay: nobody may delete what was acknowledged.
    ...[...uploaded, ...models.map(({ sha1 }) => sha1)].flatMap((sha1) => {
      const path = `${sha1.slice(0, 2)}/${sha1.slice(2)}`
      return [`blobs-v1/sha1/${path}`, `blobs-v1/record/${path}.json`]
    }),
    // Until the result is said again, its details may lie there before its model.
    ...(ended ? [] : uploaded.map((sha1) => `models/${sha1}/details.json`)),
  ])
  const strays = files.filter((path) => !known.has(path) && !OWN.some((pattern) => pattern.test(path)))
  const served = await servedOf(api, new Set([...onDisk.keys(), ...uploaded, ...models.map(({ sha1 }) => sha1)]))
  return { jobs, tasks, models, served, onDisk, strays }
}
