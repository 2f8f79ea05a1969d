import type { Access } from '../service/access.ts'
import type { Store } from '../service/context.ts'
import { jobRoutes } from './jobRoutes.ts'
import { modelRoutes } from './modelRoutes.ts'
import { notebookRoutes } from './notebookRoutes.ts'
import { ok, type Route } from './route.ts'
import { storeRoutes } from './storeRoutes.ts'
import { taskRoutes } from './taskRoutes.ts'
import { tokenRoutes } from './tokenRoutes.ts'
import { uploadRoutes } from './uploadRoutes.ts'

const health: Route = { method: 'GET', path: '/healthz', scope: 'open', handle: () => ok({ status: 'ok' }) }

/** Every call of the API, with who may make it. */
export const allRoutes = (store: Store, access: Access, cookieOf: (token: string) => string): Route[] => [
  health,
  ...notebookRoutes(store),
  ...jobRoutes(store),
  ...modelRoutes(store),
  ...uploadRoutes(store),
  ...taskRoutes(store),
  ...storeRoutes(store),
  ...tokenRoutes(store, access, cookieOf),
]
