import { LaunchRequest, MoveRequest, parse } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { createPresenter, presentJob } from '../service/changes.ts'
import type { Store } from '../service/context.ts'
import { jobOf, launch, move, retry, stop } from '../service/launching.ts'
import { limitOf, pageOf } from './list.ts'
import { type ApiAnswer, type ApiRequest, countOf, jsonOf, ok, paramOf, type Route } from './route.ts'

const MAX_LOG_LIST = 100_000
const DEFAULT_LOG_LIST = 1000
/** Records read at one time. */
const LOG_PIECE = 1000
/** An answer ends after this many characters of JSON, whatever the limit: 100,000 lines may have 16 KiB each. */
const MAX_LOG_ANSWER = 8 * 1024 * 1024

/** Records after `?after=`, oldest first, as many as fit into one answer; the cursor is the last one's seq. */
async function records<T extends { seq: number }>(
  store: Store,
  request: ApiRequest,
  read: (job: string, after: number, limit: number) => Promise<T[]>,
) {
  const { job } = jobOf(store, paramOf(request, 'id'))
  const limit = limitOf(request, DEFAULT_LOG_LIST, MAX_LOG_LIST)
  const items: T[] = []
  let last = countOf('after', request.query.get('after'), 0)
  for (let size = 0; items.length < limit && size < MAX_LOG_ANSWER; ) {
    const piece = await read(job.id, last, Math.min(LOG_PIECE, limit - items.length))
    items.push(...piece)
    last = piece.at(-1)?.seq ?? last
    size += JSON.stringify(piece).length
    if (piece.length === 0) return ok({ items, next: null })
  }
  const [more] = await read(job.id, last, 1)
  return ok({ items, next: more ? String(last) : null })
}

const jobReads = (store: Store): Route[] => [
  {
    method: 'GET',
    path: '/api/jobs',
    scope: 'viewer',
    handle: (request) => pageOf(request, store.jobs.newest, ({ job }) => job.number, createPresenter(store)),
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

/** What an unfinished trial goes on from: bytes that only the notebook that made them reads. */
async function checkpoint(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const record = jobOf(store, paramOf(request, 'id'))
  const index = countOf('trial', paramOf(request, 'trial'))
  const sha1 = record.checkpoints[index]?.sha1
  const blob = sha1 === undefined ? null : await store.storage.blobs.find(sha1)
  if (!blob) throw new StoreError('E_NOT_FOUND', `job ${record.job.id} trial ${index}`, 'a checkpoint', 'none')
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.sizeBytes) }
  const { method } = request
  return { status: 200, bytes: method === 'HEAD' ? null : store.storage.blobs.read(blob.sha1), headers }
}

export const jobRoutes = (store: Store): Route[] => [
  ...jobReads(store),
  {
    method: 'GET',
    path: '/api/jobs/:id/trials/:trial/checkpoint',
    scope: 'agent',
    handle: (request) => checkpoint(store, request),
  },
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
