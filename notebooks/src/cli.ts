import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { durationMs } from '@pawprint/protocol'
import type { Kernel } from './kernel.ts'
import { headlineOf } from './outputs.ts'
import { CellError, runNotebook } from './runNotebook.ts'

const USAGE = `npm run notebook -- FILE [options]

Runs a notebook's cells in order, without a browser, and saves their outputs into it. While it serves, it is kept
until Ctrl-C.

  --out FILE       save outputs there, and leave the notebook as it is
  --timeout S      longest time of one cell, in seconds (default: none)
  --serve          keep the kernel after the last cell even when no agent serves
  --cwd FOLDER     where its code runs (default: the notebook's folder)
  --prefix TEXT    put before each line of output
  --exit-after-idle TIME
                   end by itself after this time without a trial: 90s, 30m, 2h
                   (PAWPRINT_EXIT_AFTER_IDLE, default: never)`

/** npm passes on a Ctrl-C that the terminal sends to us as well: only one that comes later is a second one. */
const SECOND_SIGNAL_MS = 1000

/** What the command line asks for. */
export interface Arguments {
  readonly file: string
  readonly out: string | undefined
  readonly timeoutMs: number | undefined
  readonly serve: boolean
  /** For the notebook's `serve`: `90s`, `30m`, `2h`. */
  readonly exitAfterIdle: string | undefined
  readonly cwd: string
  readonly prefix: string
}

/** Throws an Error that says what is wrong with the command line. `help` gives null. */
export function readArguments(args: readonly string[]): Arguments | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      timeout: { type: 'string' },
      serve: { type: 'boolean', default: false },
      'exit-after-idle': { type: 'string' },
      cwd: { type: 'string' },
      prefix: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new Error(`expected one notebook file, got ${positionals.length}`)
  const cwd = resolve(values.cwd ?? dirname(file))
  if (values.cwd !== undefined && !existsSync(cwd)) throw new Error(`--cwd: expected a folder, got "${values.cwd}"`)
  const seconds = values.timeout === undefined ? undefined : Number(values.timeout)
  if (seconds !== undefined && !(seconds > 0)) throw new Error(`--timeout: expected seconds, got "${values.timeout}"`)
  const exitAfterIdle = values['exit-after-idle']
  if (exitAfterIdle !== undefined) durationMs(exitAfterIdle, '--exit-after-idle')
  return {
    file: resolve(file),
    out: values.out === undefined ? undefined : resolve(values.out),
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
    serve: values.serve,
    exitAfterIdle,
    cwd,
    prefix: values.prefix,
  }
}

/** Puts `prefix` before each line of a text that comes in pieces. */
export function prefixer(prefix: string, write: (text: string) => void): (text: string) => void {
  if (prefix === '') return write
  let atStart = true
  return (text) => {
    if (text === '') return
    const body = text.replace(/\n(?!$)/g, `\n${prefix}`)
    write(atStart ? prefix + body : body)
    atStart = text.endsWith('\n')
  }
}

/** The command. Resolves with the exit code: 0, 1 when the notebook failed, 2 for a wrong command line, 130 after Ctrl-C in a cell. */
export async function main(args: readonly string[]): Promise<number> {
  const stop = new AbortController()
  let stoppedMs = 0
  let kernel: Pick<Kernel, 'kill'> | undefined
  const onSignal = (): void => {
    // A later one does not wait for goodbyes.
    if (stop.signal.aborted && performance.now() - stoppedMs > SECOND_SIGNAL_MS) kernel?.kill()
    if (!stop.signal.aborted) stoppedMs = performance.now()
    stop.abort(new Error('stopped'))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onSignal)
  try {
    const options = readArguments(args)
    if (options === null) {
      console.log(USAGE)
      return 0
    }
    const { prefix, ...rest } = options
    const print = prefixer(prefix, (text) => void process.stdout.write(text))
    const tell = prefixer(prefix, (text) => void process.stderr.write(text))
    return await run({ ...rest, print, tell: (text) => tell(`${text}\n`) }, stop.signal, (started) => {
      kernel = started
    })
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    return 2
  } finally {
    for (const signal of signals) process.off(signal, onSignal)
  }
}

async function run(
  options: Omit<Arguments, 'prefix'> & { print: (text: string) => void; tell: (text: string) => void },
  signal: AbortSignal,
  onReady: (kernel: Pick<Kernel, 'kill'>) => void,
): Promise<number> {
  try {
    const { exitAfterIdle } = options
    const env = exitAfterIdle === undefined ? process.env : { ...process.env, PAWPRINT_EXIT_AFTER_IDLE: exitAfterIdle }
    await runNotebook({ ...options, env, signal, onReady })
    return 0
  } catch (error) {
    if (signal.aborted) return 130
    const message = error instanceof Error ? error.message : String(error)
    // The whole of a cell's error was printed as its output.
    const text = error instanceof CellError ? `cell ${error.cell} failed: ${headlineOf(message)}` : message
    options.tell(text.startsWith(options.file) ? text : `${options.file}: ${text}`)
    return 1
  }
}
