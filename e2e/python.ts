// The client of protocol/examples, and a store in a process of its own that can be killed.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'

/** The one that npm test found. */
const PYTHON = process.env.PAWPRINT_PYTHON ?? 'python3'
const ROOT = join(import.meta.dirname, '..')
const EXAMPLES = join(ROOT, 'protocol/examples')
const STORE = join(ROOT, 'store-server/dist/main.js')

export interface Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  /** Resolves once the output holds this; rejects when the program ends before. */
  says(what: RegExp): Promise<RegExpExecArray>
  /** Ends it with this signal; answers its exit code, and all it said. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; output: string }>
}

function startProgram(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Program {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const seen = new Set<() => void>()
  const note = (chunk: unknown) => {
    output += String(chunk)
    for (const look of seen) look()
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  const closed = once(child, 'close')
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    child,
    says: (what) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = what.exec(output)
          if (found === null) return
          seen.delete(look)
          resolve(found)
        }
        seen.add(look)
        look()
        closed.then(() => reject(new Error(`${command} ended without saying ${what}:\n${output}`)), reject)
      }),
    async end(signal) {
      child.kill(signal)
      const [code] = await closed
      return { code, output }
    },
  }
}

/** The store as a person starts it; `token` is the operator's. */
export async function startStoreProcess(data: string, args: readonly string[] = []) {
  const program = startProgram(process.execPath, [STORE, '--data', data, '--port', '0', ...args], {})
  const [, url = '', token = ''] = await program.says(/^Store: (\S+)\/\?token=(\S+)\n/)
  return { ...program, url, token, port: Number(new URL(url).port) }
}

/** `random_search.py` on the store at this port. */
export const startSearch = (port: number, token: string): Program =>
  startProgram(PYTHON, ['-B', join(EXAMPLES, 'random_search.py')], {
    PAWPRINT_STORE: `ws://127.0.0.1:${port}`,
    PAWPRINT_TOKEN: token,
  })

/** A few lines of Python that may import the client. */
export const startPython = (code: string, args: readonly string[]): Program =>
  startProgram(PYTHON, ['-B', '-c', code, ...args], { PYTHONPATH: EXAMPLES })
