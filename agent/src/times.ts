import { BATCH_WAIT_MS, DEAD_AFTER_MS, PING_INTERVAL_MS } from '@pawprint/protocol'
import { WATCH_TIMES, type WatchTimes } from './datasets/folder/watchFolders.ts'
import { type Backoff, RECONNECT } from './wire/backoff.ts'

/** Every wait of the agent, so that tests need not wait. Milliseconds. */
export interface Times {
  /** Longest a record waits for others to share its message. */
  readonly batchMs: number
  readonly pingMs: number
  /** Silence after which a connection counts as dead. */
  readonly deadMs: number
  readonly handshakeMs: number
  readonly reconnect: Backoff
  /** Between two progress messages, two metrics of one name, and two redraws. */
  readonly progressMs: number
  /** Between two checkpoints of a long epoch. */
  readonly checkpointEveryMs: number
  /** Longest that a stopped trial brings its last checkpoint to the store. */
  readonly lastCheckpointMs: number
  /** Longest that `close()` delivers what is left. Jupyter waits 2.5 s for a kernel that it asked to end. */
  readonly farewellMs: number
  /** Of watched folders. */
  readonly watch: WatchTimes
}

export const TIMES: Times = {
  batchMs: BATCH_WAIT_MS,
  pingMs: PING_INTERVAL_MS,
  deadMs: DEAD_AFTER_MS,
  handshakeMs: 10_000,
  reconnect: RECONNECT,
  progressMs: 250,
  checkpointEveryMs: 60_000,
  lastCheckpointMs: 10_000,
  farewellMs: 2_000,
  watch: WATCH_TIMES,
}
