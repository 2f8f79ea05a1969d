import type { NewToken } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { SCOPES, type Scope } from '../core/gate.ts'
import type { Access } from '../service/access.ts'
import type { Store } from '../service/context.ts'
import { TOKEN_FILES } from '../service/token.ts'
import { ok, paramOf, type Route } from './route.ts'

function scopeNamed(name: string): Scope {
  const scope = SCOPES.find((one) => one === name)
  if (scope === undefined) throw new StoreError('E_NOT_FOUND', 'scope', SCOPES.join(', '), name.slice(0, 40))
  return scope
}

/**
 * Rotation. The new token is in its file of the data folder, and in the answer when it reaches less far than the one that asked. An
 * operator's own browser stays signed in, by a new cookie, which no script can read.
 */
export const tokenRoutes = (store: Store, access: Access, cookieOf: (token: string) => string): Route[] => [
  {
    method: 'POST',
    path: '/api/tokens/:scope/rotate',
    scope: 'operator',
    outlivesToken: true,
    async handle(request) {
      const scope = scopeNamed(paramOf(request, 'scope'))
      await access.rotate(scope)
      store.world.report(
        `The ${scope}'s token was replaced. The new one is in the data folder's file ${TOKEN_FILES[scope]}.`,
      )
      const isOwn = scope === 'operator' && request.header('authorization') === undefined
      return {
        ...ok({
          scope,
          file: TOKEN_FILES[scope],
          ...(scope === 'operator' ? {} : { token: access.tokens()[scope] }),
        } satisfies NewToken),
        ...(isOwn ? { headers: { 'set-cookie': cookieOf(access.tokens().operator) } } : {}),
      }
    },
  },
]
