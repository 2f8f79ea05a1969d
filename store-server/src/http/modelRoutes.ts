import { type Model, type NetworkAnswer, parse, Sha1 } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { presentJob } from '../service/changes.ts'
import type { Store } from '../service/context.ts'
import { modelOf, readDetails } from '../service/deploying.ts'
import { reproduce } from '../service/reproducing.ts'
import { noteWeights } from '../service/upkeep.ts'
import { blobAnswer } from './download.ts'
import { pageOf } from './list.ts'
import { type ApiAnswer, type ApiRequest, ok, paramOf, type Route } from './route.ts'

async function weights(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const sha1 = parse(Sha1, paramOf(request, 'sha1'))
  const blob = await store.storage.blobs.find(sha1)
  await noteWeights(store, sha1, blob !== null)
  if (!blob) throw new StoreError('E_NOT_FOUND', 'weights', 'weights that are here and intact', sha1)
  return blobAnswer(store, request, blob, { fileName: `${sha1}.safetensors`, fixed: true })
}

async function evaluation(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const { model } = modelOf(store, paramOf(request, 'sha1'))
  const details = await readDetails(store, model.sha1)
  if (details.evaluation === null)
    throw new StoreError('E_NO_EVALUATION', `model ${model.sha1}`, 'an evaluation', 'none')
  return ok(details.evaluation)
}

async function network(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const { sha1, preprocessing, classNames } = modelOf(store, paramOf(request, 'sha1')).model
  const { topology } = await readDetails(store, sha1)
  return ok({ sha1, preprocessing, classNames, topology } satisfies NetworkAnswer)
}

/** What it is called where it is saved: TensorFlow.js's files name each other, any other says of which model it is. */
function fileNameOf({ sha1 }: Model, name: string): string {
  const [, own] = /^tfjs\/(.+)$/.exec(name) ?? []
  return own ?? `${sha1}${/\.[^.]+$/.exec(name)?.[0] ?? ''}`
}

/** A file made of a model. A name with a folder comes as two segments, so that files find each other, or as one with `%2F`. */
async function artifact(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const { model } = modelOf(store, paramOf(request, 'sha1'))
  const { folder } = request.params
  const name = `${folder === undefined ? '' : `${folder}/`}${paramOf(request, 'name')}`
  const file = model.artifacts?.find((one) => one.name === name)
  const blob = file ? await store.storage.blobs.find(file.sha1) : null
  if (!blob)
    throw new StoreError(
      'E_NO_ARTIFACT',
      `model ${model.sha1}`,
      file ? 'a file that is here and intact' : 'the name of one of its files',
      name.slice(0, 100),
    )
  // A model that is made again may come with others, of a newer engine.
  return blobAnswer(store, request, blob, { fileName: fileNameOf(model, name), fixed: false })
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

const modelReads = (store: Store): Route[] =>
  (
    [
      ['/api/models', models],
      ['/api/models/:sha1', one],
      ['/api/models/:sha1/evaluation', evaluation],
      ['/api/models/:sha1/artifacts/:name', artifact],
      ['/api/models/:sha1/artifacts/:folder/:name', artifact],
    ] as const
  ).map(([path, handle]) => ({ method: 'GET', path, scope: 'viewer', handle: (request) => handle(store, request) }))

export const modelRoutes = (store: Store): Route[] => [
  ...modelReads(store),
  // Pages and demos read them, and agents whose next model begins with them, or that measure them anew.
  { method: 'GET', path: '/api/models/:sha1/weights', scope: 'any', handle: (request) => weights(store, request) },
  { method: 'GET', path: '/api/models/:sha1/network', scope: 'any', handle: (request) => network(store, request) },
  {
    method: 'POST',
    path: '/api/models/:sha1/reproduce',
    scope: 'operator',
    async handle(request) {
      const { record, created } = await reproduce(store, paramOf(request, 'sha1'), { only: null, requestId: null })
      return ok(presentJob(store, record), created ? 201 : 200)
    },
  },
]
