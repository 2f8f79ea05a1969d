import { BATCH_WAIT_MS, DEAD_AFTER_MS, GONE_AFTER_MS, LEASE_MS, PING_INTERVAL_MS } from '@pawprint/protocol'
import type { Certificate } from './http/certificate.ts'
import type { Times, World, WriteCurrent } from './service/context.ts'
import type { Tokens } from './service/token.ts'
import type { Storage, StorageOptions } from './storage/storage.ts'

export const DEFAULT_TIMES: Times = {
  leaseMs: LEASE_MS,
  goneAfterMs: GONE_AFTER_MS,
  pingIntervalMs: PING_INTERVAL_MS,
  deadAfterMs: DEAD_AFTER_MS,
  helloTimeoutMs: 5_000,
  goodbyeMs: 4_000,
  headersMs: 10_000,
  bodyIdleMs: 30_000,
  coalesceMs: 100,
  batchWaitMs: BATCH_WAIT_MS,
  upkeepMs: 24 * 60 * 60 * 1000,
  quietMs: 60_000,
  flushMs: 5_000,
}

export interface StoreOptions {
  /** Folder of everything that is kept. Needed unless `storage` is given. */
  readonly dataDir?: string
  /** A storage to use instead of the data folder; it is not closed with the store. */
  readonly storage?: Storage
  /** Default 127.0.0.1; only this address is bound. */
  readonly host?: string
  /** Default 3001; 0 takes a free one. */
  readonly port?: number
  /** Folder of the built page, default `../web/dist` beside this package. */
  readonly webDir?: string
  /** Further names, with or without a port, under which the store may be reached (a reverse proxy's). */
  readonly allowedHosts?: readonly string[]
  /** Default: those of the data folder, or new ones. A given one that is rotated is kept nowhere. */
  readonly tokens?: Tokens
  /** Default none: plain http. */
  readonly tls?: Certificate | null
  /** Default: into `deployed/` of the data folder, or nowhere. */
  readonly writeCurrent?: WriteCurrent
  readonly limits?: Pick<StorageOptions, 'maxBlobBytes' | 'maxUploads' | 'uploadKeptMs' | 'takeoverMs'>
  readonly times?: Partial<Times>
  readonly world?: Partial<World>
}
