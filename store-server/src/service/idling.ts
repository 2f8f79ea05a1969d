import type { FromAgent, Notebook } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { withExit } from '../core/registry.ts'
import type { AgentLink, Store } from './context.ts'
import { notebookOf } from './launching.ts'

/** A kernel says when it will end by itself. Told and not kept: it says so again whenever it registers. */
export function noteIdle(store: Store, link: AgentLink, message: Extract<FromAgent, { type: 'idle' }>): void {
  const name = link.notebook
  const record = name === null ? undefined : store.notebooks.get(name)
  if (name === null || record === undefined || store.links.get(name) !== link) return
  const { leftMs, afterMs } = message
  // What is left travels, not a time: the kernel's clock may be wrong.
  const exit = leftMs === null ? null : { at: new Date(store.world.nowMs() + leftMs).toISOString(), afterMs }
  store.notebooks.set(name, withExit(record, exit))
  store.hub.publish({ type: 'notebook', name })
}

/**
 * Asks a notebook that counts down for another round. Its new end comes from the kernel, and is told to pages then. Throws
 * StoreError E_STATE when it does not count down.
 */
export function keep(store: Store, name: string): Notebook {
  const { notebook } = notebookOf(store, name)
  const link = store.links.get(name)
  if (notebook.exit === undefined || link === undefined)
    throw new StoreError('E_STATE', `notebook ${name}`, 'one that counts down to its end', notebook.state)
  link.send({ type: 'keep' })
  return notebook
}
