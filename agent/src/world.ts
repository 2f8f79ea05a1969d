import type { AgentError } from './errors.ts'
import type { KeepAlive } from './keepAlive.ts'
import type { Times } from './times.ts'
import type { ServeOptions } from './types.ts'
import type { Board } from './view/board.ts'
import type { Screen } from './view/screen.ts'
import type { Identity } from './wire/registration.ts'
import type { StoreAddress } from './wire/token.ts'

/** All that an agent takes from its surroundings. */
export interface World {
  readonly address: StoreAddress
  readonly identity: Identity
  readonly times: Times
  readonly nextId: () => string
  /** Unix time in milliseconds. */
  readonly wallMs: () => number
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number
  readonly random: () => number
  /** Runs it once, `ms` later, without keeping the process for it; answers how to give that up. */
  readonly later: (run: () => void, ms: number) => () => void
  readonly isAlive: (pid: number) => boolean
  /** Shows lines that come before `serve`. */
  readonly print: (line: string) => void
  /** The screen begins with `board`. */
  readonly openScreen: (options: ServeOptions, heading: () => string, board: Board) => Screen
  readonly keepAlive: KeepAlive
  /** False in a notebook, whose kernel decides how long the process lives. */
  readonly ownsProcess: boolean
  /** True in a notebook whose kernel stays when the agent has said goodbye. */
  readonly kernelStays: boolean
  /** PAWPRINT_EXIT_AFTER_IDLE. */
  readonly exitAfterIdle: string | undefined
  /** Told once when it serves and once when it is closed or refused for good. */
  readonly onServing: (state: 'serving' | 'closed', error?: AgentError) => void
}
