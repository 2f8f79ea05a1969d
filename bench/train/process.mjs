/** The processes of the benchmark: each answers one JSON line per JSON line. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Starts a process that answers one JSON line per JSON line. */
export function start(command, args, environment = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...environment } })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} ${args.join(' ')} ended early`)
    return JSON.parse(value)
  }
  return {
    next,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      return next()
    },
    /** Largest resident memory so far, in MB; Linux only. */
    peakMegabytes: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    stop: () => child.stdin.end(),
  }
}

/** The engine that a notebook would get, or the one asked for. */
export const startOurs = (threads, engine = process.env.PAWPRINT_ENGINE ?? 'auto') =>
  start(process.execPath, [file('./ours.mjs'), String(threads)], { PAWPRINT_ENGINE: engine })
/**
 * glibc gives large blocks back to the system when they are freed, and fetches them anew at every step. Where that is dear, as in many virtual
 * machines, PyTorch is several times faster when told to keep them. The runtime of ours has an arena for that.
 */
export const KEEP_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: `${2 ** 32}`,
  MALLOC_TRIM_THRESHOLD_: `${2 ** 34}`,
  MALLOC_TOP_PAD_: `${2 ** 28}`,
}

/** PyTorch as it is installed, or told to keep its memory. */
export const startPeer = (python, threads, { keepsMemory = false } = {}) =>
  start(python, [file('./peer.py'), String(threads)], keepsMemory ? KEEP_MEMORY : {})

/** The first Python that has PyTorch: the one asked for, then the usual ones. */
export function findPython(asked) {
  const candidates = asked ? [asked] : ['python3', '/usr/bin/python3', 'python']
  const found = candidates.find((python) => spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0)
  if (found) return found
  console.error('PyTorch is needed to compare with. On Debian or Ubuntu: sudo apt-get install python3-torch')
  console.error('Elsewhere: pip install torch, then --python /path/to/its/python3')
  process.exit(1)
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
