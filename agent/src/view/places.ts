import type { ProgressStyle } from '../types.ts'
import type { Board } from './board.ts'
import { htmlOf } from './html.ts'
import { boardScreen, chooseStyle, lineScreen, type Screen, type Surface } from './screen.ts'

/** The part of tslab's public API that is used, when a tslab kernel is what runs this code. */
export interface NotebookDisplay {
  html(html: string): void
  /** Of our own kernel: several forms of one thing by media type, of which each reader shows the best that it can. */
  bundle?(data: Readonly<Record<string, string>>): void
}

// tslab gives cells this global; asking it for its own module needs no dependency on tslab.
const kernel = (): ((id: string) => unknown) | undefined => {
  const { __tslab__: tslab } = globalThis as { __tslab__?: { require?: unknown } }
  return typeof tslab?.require === 'function' ? (tslab.require as (id: string) => unknown) : undefined
}

/** Whether a notebook kernel runs this process, and so decides how long it lives. */
export const isInKernel = (): boolean => kernel() !== undefined

/** A new display below the cell that was run last; undefined where no notebook's kernel runs this process. */
export function notebookDisplay(): NotebookDisplay | undefined {
  const tslab = kernel()?.('tslab') as { newDisplay?: () => NotebookDisplay } | undefined
  return tslab?.newDisplay?.()
}

function notebookSurface(): Surface | undefined {
  const display = notebookDisplay()
  if (display === undefined) return undefined
  return {
    draw(lines, curves) {
      const html = htmlOf(lines, curves)
      if (display.bundle === undefined) display.html(html)
      else display.bundle({ 'text/html': html, 'text/plain': lines.join('\n') })
    },
  }
}

/** Rewrites its own last lines of a terminal. */
export function terminalSurface(output: Pick<NodeJS.WriteStream, 'write' | 'columns'>): Surface {
  let height = 0
  return {
    draw(lines) {
      const width = Math.max(20, output.columns ?? 80) - 1
      // ANSI: to the start of the line `height` up, then erase to the end of the screen.
      const back = height === 0 ? '' : `\u001b[${height}F\u001b[J`
      output.write(`${back}${lines.map((line) => `${line.slice(0, width)}\n`).join('')}`)
      height = lines.length
    },
  }
}

const BOARD_EVERY_MS = 250
const LINE_EVERY_MS = 2000

/** The screen for this process: a display of the notebook, the terminal, or lines of text. */
export function openScreen(asked: ProgressStyle | undefined, heading: () => string, board: Board): Screen {
  const display = notebookSurface()
  const place = { hasDisplay: display !== undefined, isTerminal: process.stdout.isTTY === true }
  const style = chooseStyle(asked, process.env.PAWPRINT_PROGRESS, place)
  if (style === 'display' && display !== undefined)
    return boardScreen(display, { heading, board, everyMs: BOARD_EVERY_MS })
  if (style === 'terminal')
    return boardScreen(terminalSurface(process.stdout), { heading, board, everyMs: BOARD_EVERY_MS })
  return lineScreen((line) => process.stdout.write(`${line}\n`), { heading, board, everyMs: LINE_EVERY_MS })
}
