/** What changed; whoever is told looks up the present value, so that many changes may become one message. */
export type Change =
  | { readonly type: 'notebook' | 'notebook-forgotten' | 'task'; readonly name: string }
  | { readonly type: 'job'; readonly job: string }
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
  /** Log or curves of a job have grown: thousands of times a second, so only those who follow it are told. */
  publishRecords(job: string): void
  followRecords(job: string, listener: () => void): () => void
}

export function createHub(): Hub {
  const listeners = new Set<(change: Change) => void>()
  const followers = new Map<string, Set<() => void>>()
  return {
    publish(change) {
      for (const listener of listeners) listener(change)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    publishRecords(job) {
      for (const listener of followers.get(job) ?? []) listener()
    },
    followRecords(job, listener) {
      const present = followers.get(job) ?? new Set()
      followers.set(job, present.add(listener))
      return () => {
        present.delete(listener)
        if (present.size === 0 && followers.get(job) === present) followers.delete(job)
      }
    },
  }
}
