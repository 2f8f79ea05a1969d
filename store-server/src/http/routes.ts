import type { Store } from '../service/context.ts'
import { jobRoutes, notebookRoutes } from './jobRoutes.ts'
import { modelRoutes, taskRoutes, uploadRoutes } from './modelRoutes.ts'
import { ok, type Route } from './route.ts'

const health: Route = { method: 'GET', path: '/healthz', scope: 'open', handle: () => ok({ status: 'ok' }) }

/** Every call of the API, with who may make it. */
export const allRoutes = (store: Store): Route[] => [
  health,
  ...notebookRoutes(store),
  ...jobRoutes(store),
  ...modelRoutes(store),
  ...uploadRoutes(store),
  ...taskRoutes(store),
]
