import type { Scope } from '../core/gate.ts'
import { drawToken, scopeOfToken, type Tokens } from './token.ts'

/** The tokens as they are now, and everyone who was let in by one and is still there. */
export interface Access {
  tokens(): Tokens
  /** The scope of a token, or null. */
  scopeOf(token: string): Scope | null
  /** Notes someone let in by a token of this scope; `end` sends them away. Answers the function that says they left by themselves. */
  enter(scope: Scope, end: () => void): () => void
  /**
   * Puts a new token in the place of a scope's, and sends away whoever came by the old one. The old one holds until the new one is
   * on disk. Throws StorageError E_WRITE, E_NO_SPACE.
   */
  rotate(scope: Scope): Promise<void>
}

/** `save` keeps a new token where its owner finds it. */
export function createAccess(first: Tokens, save: (scope: Scope, token: string) => Promise<void>): Access {
  let tokens = first
  const inside: Readonly<Record<Scope, Set<() => void>>> = {
    operator: new Set(),
    agent: new Set(),
    viewer: new Set(),
  }
  // One after another, so that what is on disk is what counts.
  let rotating: Promise<unknown> = Promise.resolve()

  async function replace(scope: Scope): Promise<void> {
    const token = drawToken()
    await save(scope, token)
    tokens = { ...tokens, [scope]: token }
    for (const end of [...inside[scope]]) end()
  }

  return {
    tokens: () => tokens,
    scopeOf: (token) => scopeOfToken(tokens, token),
    enter(scope, end) {
      inside[scope].add(end)
      return () => inside[scope].delete(end)
    },
    rotate(scope) {
      const done = rotating.then(() => replace(scope))
      rotating = done.catch(() => {})
      return done
    },
  }
}
