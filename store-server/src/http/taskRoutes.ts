import { DeployRequest, parse } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { presentTask } from '../service/changes.ts'
import type { Store } from '../service/context.ts'
import { deployByHand, pin, taskOf } from '../service/deploying.ts'
import { pageOf } from './list.ts'
import { type ApiAnswer, type ApiRequest, jsonOf, ok, paramOf, type Route } from './route.ts'

const taskReads = (store: Store): Route[] => [
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
        (before) =>
          taskOf(store, paramOf(request, 'task'))
            .deployments.slice(0, Math.max(0, before - 1))
            .reverse(),
        ({ revision }) => revision,
        (deployment) => deployment,
      ),
  },
]

/** A deployment by hand. When somebody was faster, the answer shows the task as it is now. */
async function deployAsked(store: Store, request: ApiRequest): Promise<ApiAnswer> {
  const task = paramOf(request, 'task')
  const { sha1, expectedRevision } = parse(DeployRequest, await jsonOf(request))
  try {
    const { deployment, created } = await deployByHand(store, task, sha1, expectedRevision)
    return ok(deployment, created ? 201 : 200)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'E_REVISION') throw error
    return ok({ error: error.toBody(), task: presentTask(store, taskOf(store, task)) }, error.status)
  }
}

export const taskRoutes = (store: Store): Route[] => [
  ...taskReads(store),
  {
    method: 'POST',
    path: '/api/tasks/:task/deployments',
    scope: 'operator',
    handle: (request) => deployAsked(store, request),
  },
  ...([true, false] as const).map(
    (pinned): Route => ({
      method: pinned ? 'PUT' : 'DELETE',
      path: '/api/tasks/:task/pin',
      scope: 'operator',
      handle: async (request) => ok(presentTask(store, await pin(store, paramOf(request, 'task'), pinned))),
    }),
  ),
]
