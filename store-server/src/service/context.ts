import type { CurrentModel, ErrorBody, Sha1, ToAgent } from '@pawprint/protocol'
import type { Jobs } from '../core/jobs.ts'
import type { Models } from '../core/models.ts'
import type { NotebookRecord, TaskRecord } from '../core/records.ts'
import type { Storage } from '../storage/storage.ts'
import type { Hub } from './hub.ts'
import type { JobLog } from './joblog.ts'
import type { Lock } from './lock.ts'
import type { Saver } from './saver.ts'

/** A connected kernel. */
export interface AgentLink {
  readonly instance: string
  /** The notebook it registered, once it did. */
  notebook: string | null
  /** From the moment it knows its name on; only then it is given trials. */
  ready: boolean
  send(message: ToAgent): void
  close(code: number, reason: string): void
}

/** A connected demo and what it says of each task. */
export interface DemoLink {
  readonly serving: Map<string, { readonly sha1: Sha1 | null; readonly error: ErrorBody | null }>
}

/** All times of the store, in milliseconds; the protocol's constants by default, small ones in tests. */
export interface Times {
  readonly leaseMs: number
  readonly goneAfterMs: number
  readonly pingIntervalMs: number
  readonly deadAfterMs: number
  readonly helloTimeoutMs: number
  /** A peer that does not answer a goodbye is cut after this long. */
  readonly goodbyeMs: number
  /** From a connection's first byte, or its opening, to the end of a request's headers. */
  readonly headersMs: number
  /** Longest wait for the next bytes of a request's body. */
  readonly bodyIdleMs: number
  /** Trial changes reach a page at most this often. */
  readonly coalesceMs: number
  /** Log lines and curves wait this long for company. */
  readonly batchWaitMs: number
  /** Between two checks of all weights. */
  readonly upkeepMs: number
  /** How long nothing may change in a notebook's folders before it is trained by itself. */
  readonly quietMs: number
  /** How long a shutdown waits for the disk. */
  readonly flushMs: number
}

/** Time, chance and ids come from here, so that tests decide them. */
export interface World {
  /** Wall clock, for what people read. */
  nowMs(): number
  /** Never goes back: for leases. */
  monotonicMs(): number
  /** From 0 to below 1. */
  chance(): number
  newId(): string
  /** What an operator should see: one line. */
  report(line: string): void
}

/** Puts `<task>/current.json` of the demo's folder, or removes it. */
export type WriteCurrent = (task: string, current: CurrentModel | null) => Promise<void>

/** The store: values in maps, replaced whole; each change is written before it is told to anyone. */
export interface Store {
  readonly world: World
  readonly times: Times
  readonly storage: Storage
  readonly saver: Saver
  readonly hub: Hub
  readonly lock: Lock
  readonly jobLog: JobLog
  readonly writeCurrent: WriteCurrent
  readonly notebooks: Map<string, NotebookRecord>
  readonly jobs: Jobs
  readonly models: Models
  readonly tasks: Map<string, TaskRecord>
  /** Numbers given last. */
  readonly counters: { jobs: number; models: number }
  /** Live kernels by notebook. */
  readonly links: Map<string, AgentLink>
  /** Last sign of life by notebook: monotonic for leases, wall for people. */
  readonly heard: Map<string, { readonly monotonicMs: number; readonly wallMs: number }>
  /** By notebook: the images that it found last, and since when, monotonic. */
  readonly quiet: Map<string, { readonly data: string | null; readonly sinceMs: number }>
  readonly demos: Set<DemoLink>
  /** Blobs that are found there and not yet named by their trial or model. */
  readonly claims: Set<{ readonly sha1: Sha1 }>
  closing: boolean
}

/** The wall clock as records carry it: ISO 8601, UTC. */
export const timeOf = (store: Pick<Store, 'world'>): string => new Date(store.world.nowMs()).toISOString()
