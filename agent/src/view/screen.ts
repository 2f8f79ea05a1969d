import type { ProgressStyle } from '../types.ts'
import { type Board, boardLines, eventLine, rowLine, updateBoard, type ViewEvent } from './board.ts'
import type { Curves } from './curves.ts'

/** Where progress is shown. */
export interface Screen {
  show(event: ViewEvent): void
  /** Shows the last state, and hands it on. */
  close(): Board
}

/** A place that can be rewritten: with the lines of a board and, where it can show them, the curves. */
export interface Surface {
  draw(lines: readonly string[], curves: Curves): void
}

export interface ScreenSettings {
  readonly heading: () => string
  /** Between two redraws (in place) or two lines of one trial's progress (as lines); milliseconds. */
  readonly everyMs: number
  /** What it begins with. */
  readonly board: Board
}

/** Shows the board in place, at most every `everyMs`. */
export function boardScreen(surface: Surface, { heading, everyMs, board: first }: ScreenSettings): Screen {
  let board = first
  let timer: NodeJS.Timeout | undefined
  const draw = (): void => {
    clearTimeout(timer)
    timer = undefined
    surface.draw(boardLines(board, heading()), board.curves)
  }
  draw()
  return {
    show(event) {
      board = updateBoard(board, event)
      timer ??= setTimeout(draw, everyMs).unref()
    },
    close() {
      draw()
      return board
    },
  }
}

/** Prints a line for what happens, and each trial's bar at most every `everyMs`. */
export function lineScreen(print: (line: string) => void, { everyMs, board: first }: ScreenSettings): Screen {
  let board = first
  const printedMs = new Map<string, number>()
  return {
    show(event) {
      board = updateBoard(board, event)
      const line = eventLine(event)
      if (line !== null) print(line)
      if (event.type === 'started') printedMs.set(event.key, event.nowMs)
      if (event.type === 'ended') printedMs.delete(event.key)
      if (event.type !== 'progress') return
      const row = board.rows.get(event.key)
      if (row === undefined || event.nowMs - (printedMs.get(event.key) ?? 0) < everyMs) return
      printedMs.set(event.key, event.nowMs)
      print(rowLine(row))
    },
    close: () => board,
  }
}

/** The style asked for, else what the place offers. */
export function chooseStyle(
  asked: ProgressStyle | undefined,
  env: string | undefined,
  place: { readonly hasDisplay: boolean; readonly isTerminal: boolean },
): ProgressStyle {
  const named = asked ?? (env === 'display' || env === 'terminal' || env === 'lines' ? env : undefined)
  if (named === 'display' && !place.hasDisplay) return place.isTerminal ? 'terminal' : 'lines'
  return named ?? (place.hasDisplay ? 'display' : place.isTerminal ? 'terminal' : 'lines')
}
