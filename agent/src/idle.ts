import { durationMs } from '@pawprint/protocol'
import { duration } from './format.ts'

/** Ends an agent that has had nothing to do for long, so that its machine need not run. */
export interface Idle {
  /** How long nothing may come, in milliseconds; null: for ever. Begins a round. */
  set(afterMs: number | null): void
  /** A trial begins. */
  hold(): void
  /** A trial has ended. When it was the last, and all that it left is delivered, a round begins. */
  release(): void
  /** Another whole round, if one is under way. */
  keep(): void
  /** Tells the store how it stands, after each registration. */
  report(): void
}

export interface IdleSettings {
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number
  /** Runs it once, `ms` later; answers how to give that up. */
  readonly later: (run: () => void, ms: number) => () => void
  /** Resolves when nothing is left to be delivered. */
  readonly settled: () => Promise<void>
  readonly tell: (leftMs: number | null, afterMs: number) => void
  /** Something a person should read. */
  readonly say: (text: string) => void
  /** True when the process stays after the goodbye. */
  readonly kernelStays: boolean
  readonly onEnd: () => void
}

const STAYS = '. The kernel stays: run the cells from connect on to serve again'

export function createIdle({ nowMs, later, settled, tell, say, kernelStays, onEnd }: IdleSettings): Idle {
  let afterMs: number | null = null
  let trials = 0
  let round: { readonly endsMs: number; readonly cancel: () => void } | null = null

  const report = (): void => {
    if (afterMs !== null) tell(round === null ? null : Math.max(0, Math.round(round.endsMs - nowMs())), afterMs)
  }
  const begin = (): void => {
    if (afterMs === null || trials > 0 || round !== null) return
    const lengthMs = afterMs
    const cancel = later(() => {
      round = null
      say(`no trial for ${duration(lengthMs / 1000)}: goodbye${kernelStays ? STAYS : ''}`)
      onEnd()
    }, lengthMs)
    round = { endsMs: nowMs() + lengthMs, cancel }
    report()
  }
  const drop = (): boolean => {
    const isUnderWay = round !== null
    round?.cancel()
    round = null
    return isUnderWay
  }
  // Results are never left behind to save the cost of a machine.
  const beginWhenDelivered = (): void => void settled().then(begin)
  return {
    set(next) {
      if (drop()) report()
      afterMs = next
      if (afterMs !== null) say(`says goodbye after ${duration(afterMs / 1000)} without a trial`)
      beginWhenDelivered()
    },
    hold() {
      trials++
      if (drop()) report()
    },
    release() {
      trials--
      if (trials === 0) beginWhenDelivered()
    },
    keep() {
      if (drop()) begin()
    },
    report,
  }
}

/** The option of `serve`, else the variable, in milliseconds; null without either. Throws ProtocolError E_OPTION. */
export function idleMsOf(option: string | undefined, variable: string | undefined): number | null {
  if (option !== undefined) return durationMs(option, 'exitAfterIdle')
  return variable === undefined ? null : durationMs(variable, 'PAWPRINT_EXIT_AFTER_IDLE')
}
