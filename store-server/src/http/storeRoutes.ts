import { ClearRequest, parse } from '@pawprint/protocol'
import { archiveOf } from '../archive/pack.ts'
import { clear } from '../service/clearing.ts'
import { type Store, timeOf } from '../service/context.ts'
import { jsonOf, ok, type Route } from './route.ts'

/** Calls about the store as a whole. */
export const storeRoutes = (store: Store): Route[] => [
  {
    method: 'DELETE',
    path: '/api/store',
    scope: 'operator',
    async handle(request) {
      parse(ClearRequest, await jsonOf(request))
      return ok(await clear(store))
    },
  },
  {
    method: 'GET',
    path: '/api/store/archive',
    scope: 'operator',
    handle: (request) => ({
      status: 200,
      bytes: request.method === 'HEAD' ? null : archiveOf(store),
      headers: {
        'content-type': 'application/x-tar',
        'content-disposition': `attachment; filename="pawprint-${timeOf(store).slice(0, 10)}.tar"`,
      },
    }),
  },
]
