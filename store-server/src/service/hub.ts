/** What changed; whoever is told looks up the present value, so that many changes may become one message. */
export type Change =
  | { readonly type: 'notebook' | 'notebook-forgotten' | 'task'; readonly name: string }
  | { readonly type: 'job' | 'log' | 'metrics'; readonly job: string }
  /** Places in a notebook's queue. */
  | { readonly type: 'queue'; readonly notebook: string }
  | { readonly type: 'trial'; readonly job: string; readonly trial: number }
  | { readonly type: 'model'; readonly sha1: string }
  | { readonly type: 'deployment'; readonly task: string; readonly revision: number }
  | { readonly type: 'cleared' }

export interface Hub {
  publish(change: Change): void
  /** Answers the function that ends it. */
  subscribe(listener: (change: Change) => void): () => void
}

export function createHub(): Hub {
  const listeners = new Set<(change: Change) => void>()
  return {
    publish(change) {
      for (const listener of listeners) listener(change)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
