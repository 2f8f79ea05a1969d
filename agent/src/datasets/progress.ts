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
/** Fewer are decoded before anyone wonders. */
const MIN_COUNTED = 200

/** Prints lines about one piece of work: on a terminal one line, rewritten at each change; elsewhere those that are a `step`. */
function linePrinter(label: string, output: ProgressOutput): (text: string, isStep: boolean) => void {
  let shown = ''
  let isFirst = true
  return (text, isStep) => {
    if (text === shown || (!output.isTTY && !isStep)) return
    shown = text
    const line = `${label}: ${text}`
    output.write(output.isTTY && !isFirst ? `${REWRITE}${line}\n` : `${line}\n`)
    isFirst = false
  }
}

/** Shows a download: one line rewritten at each percent on a terminal, elsewhere a plain line for each tenth. */
export function progressPrinter(label: string, output: ProgressOutput): (progress: Progress) => void {
  const print = linePrinter(label, output)
  return ({ received, total }) => {
    const mebibytes = Math.floor(received / MEBIBYTE)
    if (!total) return print(`${mebibytes} MiB`, mebibytes % LINE_EVERY_MEBIBYTES === 0)
    const percent = Math.floor((received / total) * 100)
    print(`${percent} % of ${(total / MEBIBYTE).toFixed(1)} MiB`, percent % LINE_EVERY_PERCENT === 0)
  }
}

/** Shows work on things that are counted, as progressPrinter does a download; of fewer than 200 nothing. */
export function countPrinter(label: string, output: ProgressOutput): (done: number, total: number) => void {
  const print = linePrinter(label, output)
  return (done, total) => {
    if (total < MIN_COUNTED) return
    const percent = Math.floor((done / total) * 100)
    print(`${percent} % of ${total.toLocaleString('en')}`, percent % LINE_EVERY_PERCENT === 0)
  }
}
