import { chartOf, legendOf } from './chart.ts'
import type { Curves } from './curves.ts'
import { escapeMarkup, tag } from './markup.ts'

/** The board for a notebook's page: the job's curves, once there are any, above the lines. */
export function htmlOf(lines: readonly string[], curves: Curves): string {
  const chart = chartOf(curves)
  const board = tag('pre', { style: 'margin:0;background:none;word-break:normal' }, lines.map(escapeMarkup).join('\n'))
  return chart === '' ? board : chart + tag('div', { style: 'margin:2px 0 6px 44px' }, legendOf(curves)) + board
}
