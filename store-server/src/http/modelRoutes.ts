import { parse, Sha1 } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { Store } from '../service/context.ts'
import { modelOf, readDetails } from '../service/deploying.ts'
import { noteWeights } from '../service/upkeep.ts'
import { pageOf } from './list.ts'
import { isKnown, partOf } from './range.ts'
import { type ApiAnswer, type ApiRequest, ok, paramOf, type Route } from './route.ts'

/** The weights, whole or a part. The name never changes its bytes, so a client may keep them for ever. */
async function weights(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const sha1 = parse(Sha1, paramOf(request, 'sha1'))
  const blob = await store.storage.blobs.find(sha1)
  await noteWeights(store, sha1, blob !== null)
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

async function evaluation(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const { model } = modelOf(store, paramOf(request, 'sha1'))
  const details = await readDetails(store, model.sha1)
  if (details.evaluation === null)
    throw new StoreError('E_NO_EVALUATION', `model ${model.sha1}`, 'an evaluation', 'none')
  return ok(details.evaluation)
}

/** No agent uploads exports yet; this says so instead of "no such path". */
function artifact(store: Store, request: ApiRequest): never {
  const { model } = modelOf(store, paramOf(request, 'sha1'))
  const name = paramOf(request, 'name').slice(0, 100)
  throw new StoreError('E_NO_ARTIFACT', `model ${model.sha1}`, 'an export that was uploaded', name)
}

function models(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const task = request.query.get('task')
  return pageOf(
    request,
    store.models.newest,
    ({ number }) => number,
    ({ model }) => (task === null || model.task === task ? model : undefined),
  )
}

const one = (store: Store, request: ApiRequest): ApiAnswer => ok(modelOf(store, paramOf(request, 'sha1')).model)

export const modelRoutes = (store: Store): Route[] =>
  (
    [
      ['/api/models', models],
      ['/api/models/:sha1', one],
      ['/api/models/:sha1/evaluation', evaluation],
      ['/api/models/:sha1/artifacts/:name', artifact],
      ['/api/models/:sha1/weights', weights],
    ] as const
  ).map(([path, handle]) => ({ method: 'GET', path, scope: 'viewer', handle: (request) => handle(store, request) }))
