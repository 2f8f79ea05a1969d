import type { LogLine } from '@pawprint/protocol'
import { type LogBook, textOf } from './logBook.ts'

/** Width of a text in cells of the monospaced grid. Letters beyond Latin-1 may come from a wider font: two cells. */
function cellsOf(text: string): number {
  let cells = 0
  for (const letter of text) cells += (letter.codePointAt(0) ?? 0) > 0xff ? 2 : 1
  return cells
}

/** Rows that a text takes in `columns` cells, broken anywhere; at least one. */
export function rowsOf(text: string, columns: number): number {
  let rows = 0
  for (const piece of text.split('\n')) rows += Math.max(1, Math.ceil(cellsOf(piece) / columns))
  return rows
}

/** Which rows each line takes: all that is needed to draw only the lines in sight. */
export interface LogLayout {
  readonly columns: number
  /** Seq of line 0, to notice lines that went or came in front. */
  firstSeq: number
  /** `ends[i]`: rows up to the end of line i. */
  readonly ends: number[]
}

export const newLayout = (columns: number): LogLayout => ({ columns, firstSeq: 0, ends: [] })

/** Lays out the lines added since; all of them when lines in front changed. */
export function extendLayout(layout: LogLayout, book: LogBook): void {
  const firstSeq = book.lines[0]?.seq ?? 0
  if (firstSeq !== layout.firstSeq || layout.ends.length > book.lines.length) layout.ends.length = 0
  layout.firstSeq = firstSeq
  let end = layout.ends.at(-1) ?? 0
  for (let i = layout.ends.length; i < book.lines.length; i++) {
    const line = book.lines[i]
    if (line !== undefined) end += heightOf(line, book, layout.columns)
    layout.ends.push(end)
  }
}

const heightOf = (line: LogLine, book: LogBook, columns: number): number =>
  rowsOf(textOf(line), columns) + (book.caughtUp.has(line.seq) ? 1 : 0)

export const totalRows = (layout: LogLayout): number => layout.ends.at(-1) ?? 0
/** First row of line `index`. */
export const rowOf = (layout: LogLayout, index: number): number => (index <= 0 ? 0 : (layout.ends[index - 1] ?? 0))

/** Index of the line that holds `row`; the last line for rows below the end. */
export function lineAt(layout: LogLayout, row: number): number {
  let low = 0
  let high = Math.max(0, layout.ends.length - 1)
  while (low < high) {
    const middle = (low + high) >> 1
    if ((layout.ends[middle] ?? 0) > row) high = middle
    else low = middle + 1
  }
  return low
}

/** The lines from `first` to before `last` that lie in these rows, with `spare` rows on both sides. */
export function linesInSight(
  layout: LogLayout,
  topRow: number,
  rows: number,
  spare = 10,
): { readonly first: number; readonly last: number } {
  if (layout.ends.length === 0) return { first: 0, last: 0 }
  return { first: lineAt(layout, topRow - spare), last: lineAt(layout, topRow + rows + spare) + 1 }
}
