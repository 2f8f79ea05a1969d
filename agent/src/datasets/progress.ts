import type { Progress } from './types.ts'

/** As much of a terminal or stream as progress needs; `process.stderr` is one. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const MEBIBYTE = 2 ** 20
// Up one line, to its start, and clear it: whatever is printed next then has a line of its own.
const REWRITE = '\x1b[1A\r\x1b[2K'
const LINE_EVERY_PERCENT = 10
const LINE_EVERY_MEBIBYTES = 16

/** Shows a download: one line rewritten at each percent on a terminal, elsewhere a plain line for each tenth. */
export function progressPrinter(label: string, output: ProgressOutput): (progress: Progress) => void {
  let shown = ''
  let isFirst = true
  return ({ received, total }) => {
    const mebibytes = Math.floor(received / MEBIBYTE)
    const percent = total ? Math.floor((received / total) * 100) : null
    const step = percent === null ? LINE_EVERY_MEBIBYTES : LINE_EVERY_PERCENT
    const text = total && percent !== null ? `${percent} % of ${(total / MEBIBYTE).toFixed(1)} MiB` : `${mebibytes} MiB`
    if (text === shown || (!output.isTTY && (percent ?? mebibytes) % step !== 0)) return
    shown = text
    const line = `${label}: ${text}`
    output.write(output.isTTY && !isFirst ? `${REWRITE}${line}\n` : `${line}\n`)
    isFirst = false
  }
}
