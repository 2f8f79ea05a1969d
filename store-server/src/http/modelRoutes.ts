import { ClearRequest, DeployRequest, parse, Sha1, UploadRequest, type UploadSession } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { presentTask } from '../service/changes.ts'
import { clear } from '../service/clearing.ts'
import type { Store } from '../service/context.ts'
import { deployByHand, modelOf, pin, readDetails, taskOf } from '../service/deploying.ts'
import { newestModels } from '../wire/snapshot.ts'
import { noArtifact } from './jobRoutes.ts'
import { isKnown, partOf } from './range.ts'
import { type ApiAnswer, type ApiRequest, countOf, jsonOf, ok, pageOf, paramOf, type Route, uploadOf } from './route.ts'

/** The weights, whole or a part. The name never changes its bytes, so a client may keep them for ever. */
async function weights(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const sha1 = parse(Sha1, paramOf(request, 'sha1'))
  const blob = await store.storage.blobs.find(sha1)
  if (!blob) throw new StoreError('E_NOT_FOUND', 'weights', 'weights that are here and intact', sha1)
  const { sizeBytes } = blob
  const etag = `"${blob.sha256}"`
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${sha1}.safetensors"`,
  }
  if (isKnown(request.header('if-none-match'), etag)) return { status: 304, bytes: null, headers }
  const part = partOf(request.header('range'), request.header('if-range'), etag, sizeBytes)
  if (part.type === 'beyond') {
    const error = new StoreError('E_RANGE', 'range', `bytes of ${sizeBytes}`, request.header('range') ?? '')
    return { ...ok({ error: error.toBody() }, 416), headers: { 'content-range': `bytes */${sizeBytes}` } }
  }
  const { start, end } = part.type === 'all' ? { start: 0, end: sizeBytes } : part
  const range = part.type === 'part' ? { 'content-range': `bytes ${start}-${end - 1}/${sizeBytes}` } : {}
  return {
    status: part.type === 'part' ? 206 : 200,
    bytes: request.method === 'HEAD' ? null : store.storage.blobs.read(sha1, start, end),
    headers: { ...headers, ...range, 'content-length': String(end - start) },
  }
}

export const modelRoutes = (store: Store): Route[] => [
  {
    method: 'GET',
    path: '/api/models',
    scope: 'viewer',
    handle(request) {
      const task = request.query.get('task')
      const models = newestModels(store).filter(({ model }) => task === null || model.task === task)
      return pageOf(
        request,
        models,
        ({ number }) => number,
        ({ model }) => model,
      )
    },
  },
  {
    method: 'GET',
    path: '/api/models/:sha1',
    scope: 'viewer',
    handle: (request) => ok(modelOf(store, paramOf(request, 'sha1')).model),
  },
  {
    method: 'GET',
    path: '/api/models/:sha1/evaluation',
    scope: 'viewer',
    async handle(request) {
      const { model } = modelOf(store, paramOf(request, 'sha1'))
      const { evaluation } = await readDetails(store, model.sha1)
      if (evaluation === null) throw new StoreError('E_NO_EVALUATION', `model ${model.sha1}`, 'an evaluation', 'none')
      return ok(evaluation)
    },
  },
  {
    method: 'GET',
    path: '/api/models/:sha1/artifacts/:name',
    scope: 'viewer',
    handle: (request) =>
      noArtifact(modelOf(store, paramOf(request, 'sha1')).model.sha1, paramOf(request, 'name').slice(0, 100)),
  },
  {
    method: 'GET',
    path: '/api/models/:sha1/weights',
    scope: 'viewer',
    handle: (request) => weights(store, request),
  },
]

const uploadAnswer = (session: UploadSession, status = 200): ApiAnswer => ({
  ...ok(session, status),
  headers: { 'upload-offset': String(session.offset), 'upload-length': String(session.sizeBytes) },
})

export const uploadRoutes = (store: Store): Route[] => [
  {
    method: 'POST',
    path: '/api/uploads',
    scope: 'agent',
    async handle(request) {
      const session = await store.storage.blobs.createUpload(parse(UploadRequest, await jsonOf(request)))
      return uploadAnswer(session, session.complete ? 200 : 201)
    },
  },
  {
    method: 'GET',
    path: '/api/uploads/:id',
    scope: 'agent',
    handle: async (request) => uploadAnswer(await store.storage.blobs.findUpload(paramOf(request, 'id'))),
  },
  {
    method: 'PATCH',
    path: '/api/uploads/:id',
    scope: 'agent',
    async handle(request) {
      const offset = countOf('upload-offset', request.header('upload-offset'))
      return uploadAnswer(await store.storage.blobs.appendUpload(paramOf(request, 'id'), offset, uploadOf(request)))
    },
  },
  {
    method: 'POST',
    path: '/api/uploads/:id/commit',
    scope: 'agent',
    handle: async (request) => ok(await store.storage.blobs.commitUpload(paramOf(request, 'id')), 201),
  },
]

export const taskRoutes = (store: Store): Route[] => [
  {
    method: 'GET',
    path: '/api/tasks',
    scope: 'viewer',
    handle: () => ok({ items: [...store.tasks.values()].map((record) => presentTask(store, record)), next: null }),
  },
  {
    method: 'GET',
    path: '/api/tasks/:task',
    scope: 'viewer',
    handle: (request) => ok(presentTask(store, taskOf(store, paramOf(request, 'task')))),
  },
  {
    method: 'GET',
    path: '/api/tasks/:task/deployments',
    scope: 'viewer',
    handle: (request) =>
      pageOf(
        request,
        taskOf(store, paramOf(request, 'task')).deployments.toReversed(),
        ({ revision }) => revision,
        (deployment) => deployment,
      ),
  },
  {
    method: 'POST',
    path: '/api/tasks/:task/deployments',
    scope: 'operator',
    async handle(request) {
      const task = paramOf(request, 'task')
      const { sha1, expectedRevision } = parse(DeployRequest, await jsonOf(request))
      try {
        const { deployment, created } = await deployByHand(store, task, sha1, expectedRevision)
        return ok(deployment, created ? 201 : 200)
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'E_REVISION') throw error
        return ok({ error: error.toBody(), task: presentTask(store, taskOf(store, task)) }, error.status)
      }
    },
  },
  ...([true, false] as const).map(
    (pinned): Route => ({
      method: pinned ? 'PUT' : 'DELETE',
      path: '/api/tasks/:task/pin',
      scope: 'operator',
      handle: async (request) => ok(presentTask(store, await pin(store, paramOf(request, 'task'), pinned))),
    }),
  ),
  {
    method: 'DELETE',
    path: '/api/store',
    scope: 'operator',
    async handle(request) {
      parse(ClearRequest, await jsonOf(request))
      return ok(await clear(store))
    },
  },
]
