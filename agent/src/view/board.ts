import type { Verdict } from '@pawprint/protocol'
import { bar, duration, paramsText, percent } from '../format.ts'
import { titleOf } from '../trial/assignment.ts'
import type { StepNumbers } from '../trial/run.ts'
import { type Curves, NO_CURVES, updateCurves } from './curves.ts'

/** What the agent tells its screen. Times are monotonic milliseconds. */
export type ViewEvent =
  | { readonly type: 'notice'; readonly text: string }
  | {
      readonly type: 'started'
      readonly key: string
      readonly jobNumber: number
      readonly trials: number
      readonly trial: number
      readonly params: Readonly<Record<string, number>>
      readonly nowMs: number
    }
  | {
      readonly type: 'progress'
      readonly key: string
      readonly progress: number
      readonly numbers: StepNumbers
      readonly nowMs: number
    }
  | { readonly type: 'ended'; readonly key: string; readonly text: string }
  | {
      readonly type: 'verdict'
      readonly trial: number
      readonly sha1: string
      readonly verdict: Pick<Verdict, 'deployed' | 'reason'>
    }

interface Row {
  readonly trial: number
  readonly params: Readonly<Record<string, number>>
  readonly startedMs: number
  readonly nowMs: number
  readonly progress: number
  readonly numbers: StepNumbers | undefined
}

/** The progress of a notebook, as a value. */
export interface Board {
  /** The job of the trial that began last; null before the first. */
  readonly job: { readonly number: number; readonly trials: number } | null
  /** Trials under way. */
  readonly rows: ReadonlyMap<string, Row>
  /** What has happened, oldest first; only the last are kept. */
  readonly history: readonly string[]
  /** How the job's trials learned, those too that have ended. */
  readonly curves: Curves
}

/** Lines of history that a display keeps. */
const HISTORY_LINES = 12

export const EMPTY_BOARD: Board = { job: null, rows: new Map(), history: [], curves: NO_CURVES }

/** The board after an event. */
export function updateBoard(board: Board, event: ViewEvent): Board {
  const line = eventLine(event)
  const history = line === null ? board.history : [...board.history, line].slice(-HISTORY_LINES)
  const next = { ...board, history, curves: updateCurves(board.curves, event) }
  switch (event.type) {
    case 'started': {
      const { trial, params, nowMs } = event
      const row: Row = { trial, params, startedMs: nowMs, nowMs, progress: 0, numbers: undefined }
      const job = { number: event.jobNumber, trials: event.trials }
      return { ...next, job, rows: new Map([...board.rows, [event.key, row]]) }
    }
    case 'progress': {
      const row = board.rows.get(event.key)
      if (row === undefined) return board
      const { progress, numbers, nowMs } = event
      return { ...next, rows: new Map([...board.rows, [event.key, { ...row, progress, numbers, nowMs }]]) }
    }
    case 'ended': {
      const rows = new Map(board.rows)
      rows.delete(event.key)
      return { ...next, rows }
    }
    default:
      return next
  }
}

/** What an event says in one line; null for progress, which has a bar. */
export function eventLine(event: ViewEvent): string | null {
  switch (event.type) {
    case 'notice':
    case 'ended':
      return event.text
    case 'started':
      return `job ${event.jobNumber}, ${titleOf(event.trial)} of ${event.trials}: ${paramsText(event.params)}`
    case 'verdict':
      return `${titleOf(event.trial)}: ${event.sha1.slice(0, 7)} ${event.verdict.deployed ? 'deployed' : 'not deployed'}: ${event.verdict.reason}`
    case 'progress':
      return null
  }
}

/** `trial 2  ████░░░░  64 %  epoch 1 of 3  loss 1.203  accuracy 56.1 %  12 s left`. */
export function rowLine({ trial, progress, numbers, startedMs, nowMs }: Row): string {
  const seconds = (nowMs - startedMs) / 1000
  const left = progress > 0 ? `${duration((seconds / progress) * (1 - progress))} left` : ''
  const epoch = numbers === undefined ? '' : `epoch ${numbers.epoch} of ${numbers.epochs ?? '?'}`
  const loss = numbers === undefined ? '' : `loss ${numbers.loss.toFixed(3)}`
  const accuracy = numbers === undefined ? '' : `accuracy ${percent(numbers.accuracy)}`
  const share = `${Math.round(progress * 100)} %`
  return [titleOf(trial), bar(progress), share, epoch, loss, accuracy, left].filter((part) => part !== '').join('  ')
}

/** The whole board. `heading` names the notebook and its store. */
export function boardLines(board: Board, heading: string): string[] {
  const rows = [...board.rows.values()]
  const job =
    rows.length === 0 || board.job === null
      ? 'waiting for a job'
      : `job ${board.job.number}, ${board.job.trials} ${board.job.trials === 1 ? 'trial' : 'trials'}`
  return [`${heading}: ${job}`, ...rows.map(rowLine), ...board.history]
}
