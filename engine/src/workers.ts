import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { END, type Warm } from './messages.ts'
import { usualDevice } from './open.ts'

/*
 * Worker threads outlive their trials: starting one takes about a quarter of a second of processor time, most of it to load modules. So one
 * whose trial is closed waits for the next. Waiting threads do not keep the process.
 */

const waiting: Worker[] = []

/** As many as could work at once. */
const MOST_WAITING = availableParallelism()

/** Of a timer that only keeps the process: a day, in milliseconds. */
const LONG_MS = 86_400_000

/** Starts a worker that waits, unless one does, and has it load what models are usually run by: the first trial need not wait for it then. */
export function warmUp(): void {
  if (waiting.length > 0) return
  const worker = startWorker()
  worker.postMessage({ type: 'warm', device: usualDevice() } satisfies Warm)
  // A process that ends while a thread of it loads native code is aborted, so it waits for that: less than a second.
  const loading = setInterval(() => undefined, LONG_MS)
  for (const event of ['message', 'exit']) worker.once(event, () => clearInterval(loading))
  giveBackWorker(worker)
}

/** A worker with nothing under way. */
export function takeWorker(): Worker {
  return waiting.pop() ?? startWorker()
}

/** Takes back a worker that has closed its session; nobody may listen to it any more. */
export function giveBackWorker(worker: Worker): void {
  worker.unref()
  if (waiting.length < MOST_WAITING) waiting.push(worker)
  else worker.postMessage(END)
}

function startWorker(): Worker {
  // Options of the calling process (a preload, --input-type) are not for this thread.
  const worker = new Worker(new URL('./worker.js', import.meta.url), { execArgv: [] })
  const forget = (): void => {
    const at = waiting.indexOf(worker)
    if (at >= 0) waiting.splice(at, 1)
  }
  worker.on('error', forget)
  worker.on('exit', forget)
  return worker
}
