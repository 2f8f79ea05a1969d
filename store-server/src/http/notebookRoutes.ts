import { Automatic, NewDataRequest, parse } from '@pawprint/protocol'
import { presentJob } from '../service/changes.ts'
import type { Store } from '../service/context.ts'
import { keep } from '../service/idling.ts'
import { drop, forget, notebookOf } from '../service/launching.ts'
import { setAutomatic, trainOnNewData } from '../service/newData.ts'
import { limitOf } from './list.ts'
import { type ApiRequest, jsonOf, ok, paramOf, type Route } from './route.ts'

function notebookList(store: Store, request: ApiRequest) {
  const limit = limitOf(request)
  const after = request.query.get('after')
  const sorted = [...store.notebooks.values()]
    .map(({ notebook }) => notebook)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ name }) => after === null || name > after)
  const items = sorted.slice(0, limit)
  return ok({ items, next: sorted.length > items.length ? (items.at(-1)?.name ?? null) : null })
}

const newDataRoutes = (store: Store): Route[] => [
  {
    method: 'POST',
    path: '/api/notebooks/:name/train',
    scope: 'operator',
    async handle(request) {
      const { initialWeights = null, requestId = null } = parse(NewDataRequest, await jsonOf(request))
      const wish = { initialWeights, requestId, automatic: null }
      const { record, created } = await trainOnNewData(store, paramOf(request, 'name'), wish)
      return ok(presentJob(store, record), created ? 201 : 200)
    },
  },
  {
    method: 'PUT',
    path: '/api/notebooks/:name/automatic',
    scope: 'operator',
    handle: async (request) =>
      ok(await setAutomatic(store, paramOf(request, 'name'), parse(Automatic, await jsonOf(request)))),
  },
  {
    method: 'DELETE',
    path: '/api/notebooks/:name/automatic',
    scope: 'operator',
    handle: async (request) => ok(await setAutomatic(store, paramOf(request, 'name'), null)),
  },
]

export const notebookRoutes = (store: Store): Route[] => [
  ...newDataRoutes(store),
  { method: 'GET', path: '/api/notebooks', scope: 'viewer', handle: (request) => notebookList(store, request) },
  {
    method: 'GET',
    path: '/api/notebooks/:name',
    scope: 'viewer',
    handle: (request) => ok(notebookOf(store, paramOf(request, 'name')).notebook),
  },
  {
    method: 'DELETE',
    path: '/api/notebooks/:name',
    scope: 'operator',
    async handle(request) {
      const name = paramOf(request, 'name')
      await forget(store, name)
      return ok({ name })
    },
  },
  {
    method: 'POST',
    path: '/api/notebooks/:name/config',
    scope: 'operator',
    handle: async (request) => ok(await drop(store, paramOf(request, 'name'), await jsonOf(request))),
  },
  {
    method: 'POST',
    path: '/api/notebooks/:name/keep',
    scope: 'operator',
    handle: (request) => ok(keep(store, paramOf(request, 'name'))),
  },
]
