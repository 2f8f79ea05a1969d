import { type JupyterMessage, textOf } from './jupyter.ts'
import { type Kernel, startKernel } from './kernel.ts'
import {
  type CellResult,
  type CodeCell,
  type NotebookFile,
  notebookText,
  readNotebook,
  writeAtomically,
} from './notebookFile.ts'
import { addOutput, type CellOutputs, errorText, NO_OUTPUTS } from './outputs.ts'

export interface RunOptions {
  /** The notebook. */
  readonly file: string
  /** Where outputs are saved; default: into the notebook itself. */
  readonly out?: string | undefined
  /** Folder in which its code runs; a notebook's imports are looked up from there. */
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Longest time of one cell, in milliseconds; default: none. */
  readonly timeoutMs?: number | undefined
  /** Keep the kernel after the last cell even when no agent serves. */
  readonly serve: boolean
  /** Ends the run, as if the notebook had been closed. */
  readonly signal: AbortSignal
  /** What cells print. */
  readonly print: (text: string) => void
  /** What the runner itself says. */
  readonly tell: (text: string) => void
  readonly onReady?: (kernel: Pick<Kernel, 'pid' | 'kill'>) => void
}

/** A cell that failed, with the error it printed. */
export class CellError extends Error {
  override readonly name = 'CellError'
  /** Counts code cells from 1. */
  readonly cell: number

  constructor(cell: number, message: string) {
    super(message)
    this.cell = cell
  }
}

/** Longest that a kernel may take to say its goodbyes. */
const SHUTDOWN_MS = 6000

/** Whether an agent in the kernel serves, as it tells by `process.send`. */
interface Serving {
  count: number
  refusal: string | undefined
  /** Called when the last one has ended. */
  onEnd: () => void
}

/**
 * Runs a notebook's cells in order on the tslab kernel and saves their outputs. While an agent serves, the kernel is kept until
 * the signal aborts. Throws CellError for a cell that fails, Error for a kernel that dies.
 */
export async function runNotebook(options: RunOptions): Promise<void> {
  const notebook = await readNotebook(options.file)
  const outputs = new Map<number, CellOutputs>()
  const counts = new Map<number, number | null>()
  const cellOf = new Map<string, number>()
  const serving: Serving = { count: 0, refusal: undefined, onEnd: () => undefined }
  const kernel = await startKernel({
    cwd: options.cwd,
    env: { PAWPRINT_PROGRESS: 'lines', ...options.env },
    onOutput(message) {
      const index = placeOf(message, cellOf, outputs)
      if (index === undefined) return
      outputs.set(index, addOutput(outputs.get(index) ?? NO_OUTPUTS, message))
      printOutput(message, options.print)
    },
    onSignal: (message) => onServing(serving, message),
  })
  options.onReady?.(kernel)
  const save = saver(notebook, options, outputs, counts)
  try {
    for (const cell of notebook.cells) {
      options.tell(`cell ${cell.number} of ${notebook.cells.length}: ${titleOf(cell)}`)
      await runCell(kernel, cell, options, { outputs, counts, cellOf })
    }
    await save()
    if (serving.count > 0 || options.serve) await untilEnd(kernel, serving, options)
    if (serving.refusal !== undefined) throw new Error(serving.refusal)
  } finally {
    await kernel.shutdown(SHUTDOWN_MS)
    await save()
  }
}

interface Records {
  readonly outputs: Map<number, CellOutputs>
  readonly counts: Map<number, number | null>
  /** Cell by the id of the request that ran it. */
  readonly cellOf: Map<string, number>
}

async function runCell(kernel: Kernel, cell: CodeCell, options: RunOptions, records: Records): Promise<void> {
  const run = kernel.execute(cell.source, (id) => {
    records.cellOf.set(id, cell.index)
    records.outputs.set(cell.index, NO_OUTPUTS)
  })
  const reply = await Promise.race([run, ...limits(cell, options)])
  const count = reply.execution_count
  records.counts.set(cell.index, typeof count === 'number' ? count : null)
  if (reply.status === 'ok') return
  // tslab sends no error message of its own; what went wrong is on standard error.
  const said = errorText(records.outputs.get(cell.index) ?? NO_OUTPUTS)
  throw new CellError(cell.number, said === '' ? `the kernel says "${textOf(reply.status)}"` : said)
}

function limits(cell: CodeCell, { timeoutMs, signal }: RunOptions): Promise<never>[] {
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  if (timeoutMs === undefined) return [aborted]
  const late = new Promise<never>((_, reject) => {
    const error = new CellError(cell.number, `not finished after ${timeoutMs / 1000} s`)
    setTimeout(() => reject(error), timeoutMs).unref()
  })
  return [aborted, late]
}

async function untilEnd(kernel: Kernel, serving: Serving, { signal, tell }: RunOptions): Promise<void> {
  tell('the notebook serves; Ctrl-C ends it')
  const ended = new Promise<void>((resolve) => {
    serving.onEnd = resolve
  })
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  const died = kernel.exited.then((said) => {
    throw new Error(`the kernel ended by itself: ${said}`)
  })
  await Promise.race([ended, died, ...(signal.aborted ? [] : [aborted])])
  died.catch(() => undefined)
}

function onServing(serving: Serving, message: unknown): void {
  const { type, error } = message as { type?: unknown; error?: unknown }
  if (type === 'pawprint:serving') serving.count++
  if (type !== 'pawprint:closed') return
  serving.count = Math.max(0, serving.count - 1)
  if (typeof error === 'string') serving.refusal = error
  if (serving.count === 0) serving.onEnd()
}

// A display that is rewritten belongs to the cell that made it, whichever cell was run last.
function placeOf(
  { parentId, content, type }: JupyterMessage,
  cellOf: ReadonlyMap<string, number>,
  outputs: ReadonlyMap<number, CellOutputs>,
): number | undefined {
  if (type !== 'update_display_data') return cellOf.get(parentId)
  const id = textOf((content.transient as { display_id?: unknown } | undefined)?.display_id)
  return [...outputs].find(([, cell]) => cell.displays.has(id))?.[0]
}

function printOutput({ type, content }: JupyterMessage, print: (text: string) => void): void {
  if (type === 'stream') print(textOf(content.text))
  const { data } = content as { data?: { 'text/plain'?: unknown } }
  if (type !== 'stream' && data !== undefined) print(`${textOf(data['text/plain'])}\n`)
}

/** Saves what the cells left; not over a file that somebody has changed meanwhile. */
function saver(
  notebook: NotebookFile,
  { file, out = file, tell }: RunOptions,
  outputs: ReadonlyMap<number, CellOutputs>,
  counts: ReadonlyMap<number, number | null>,
): () => Promise<void> {
  let expected: NotebookFile | undefined = out === file ? notebook : undefined
  return async () => {
    const results = new Map<number, CellResult>()
    for (const [index, cell] of outputs)
      results.set(index, { outputs: cell.outputs, executionCount: counts.get(index) ?? null })
    if (expected !== undefined && JSON.stringify((await readNotebook(out)).json) !== JSON.stringify(expected.json)) {
      tell(`${out} was changed meanwhile: its outputs are not saved`)
      return
    }
    const text = notebookText(notebook, results)
    await writeAtomically(out, text)
    expected = { ...notebook, json: JSON.parse(text) }
  }
}

/** The comment that a cell begins with, else its first line. */
function titleOf({ source }: CodeCell): string {
  const comment = /^\s*\/\*\s*(.*?)\s*\*\//s.exec(source)?.[1] ?? source
  const [line = ''] = comment.trim().split('\n')
  return line.length <= 60 ? line : `${line.slice(0, 60)}…`
}
