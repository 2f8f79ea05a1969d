import { LaunchRequest, MoveRequest, parse } from '@pawprint/protocol'
import { createPresenter, presentJob } from '../service/changes.ts'
import type { Store } from '../service/context.ts'
import { jobOf, launch, move, retry, stop } from '../service/launching.ts'
import { newestJobs } from '../wire/snapshot.ts'
import { type ApiRequest, countOf, jsonOf, ok, pageOf, paramOf, type Route } from './route.ts'

const MAX_LOG_LIST = 100_000
const DEFAULT_LOG_LIST = 1000

/** Records of a job's file after `?after=`, oldest first; the cursor is the last one's seq. */
async function records<T extends { seq: number }>(
  store: Store,
  request: ApiRequest,
  read: (job: string, after: number, limit: number) => Promise<T[]>,
) {
  const { job } = jobOf(store, paramOf(request, 'id'))
  const limit = countOf('limit', request.query.get('limit'), DEFAULT_LOG_LIST, MAX_LOG_LIST)
  const after = countOf('after', request.query.get('after'), 0)
  const items = await read(job.id, after, limit + 1)
  const more = items.length > limit
  const shown = more ? items.slice(0, limit) : items
  return ok({ items: shown, next: more ? String(shown.at(-1)?.seq ?? after) : null })
}

const jobReads = (store: Store): Route[] => [
  {
    method: 'GET',
    path: '/api/jobs',
    scope: 'viewer',
    handle: (request) => pageOf(request, newestJobs(store), ({ job }) => job.number, createPresenter(store)),
  },
  {
    method: 'GET',
    path: '/api/jobs/:id',
    scope: 'viewer',
    handle: (request) => ok(presentJob(store, jobOf(store, paramOf(request, 'id')))),
  },
  {
    method: 'GET',
    path: '/api/jobs/:id/log',
    scope: 'viewer',
    handle: (request) => records(store, request, store.jobLog.lines),
  },
  {
    method: 'GET',
    path: '/api/jobs/:id/metrics',
    scope: 'viewer',
    handle: (request) => records(store, request, store.jobLog.points),
  },
]

export const jobRoutes = (store: Store): Route[] => [
  ...jobReads(store),
  {
    method: 'POST',
    path: '/api/jobs',
    scope: 'operator',
    async handle(request) {
      const { record, created } = await launch(store, parse(LaunchRequest, await jsonOf(request)))
      return ok(presentJob(store, record), created ? 201 : 200)
    },
  },
  {
    method: 'PATCH',
    path: '/api/jobs/:id',
    scope: 'operator',
    async handle(request) {
      const { position } = parse(MoveRequest, await jsonOf(request))
      return ok(presentJob(store, await move(store, paramOf(request, 'id'), position)))
    },
  },
  {
    method: 'POST',
    path: '/api/jobs/:id/stop',
    scope: 'operator',
    handle: async (request) => ok(presentJob(store, await stop(store, paramOf(request, 'id')))),
  },
  {
    method: 'POST',
    path: '/api/jobs/:id/retry',
    scope: 'operator',
    handle: async (request) => ok(presentJob(store, await retry(store, paramOf(request, 'id')))),
  },
]
