import { parentPort } from 'node:worker_threads'
import type { Device } from './choose.ts'
import { EngineError } from './errors.ts'
import {
  CLOSE,
  END,
  type Envelope,
  type Reply,
  type SentError,
  type Setup,
  type ToWorker,
  type TrainingState,
} from './messages.ts'
import { warm } from './runtime.ts'
import { openSession, type Session } from './session.ts'
import { Stopped } from './stopped.ts'

/* A worker thread: one trainer or predictor after the other. Messages come from client.ts and workers.ts alone, so their types are trusted. */

const port = parentPort
if (port === null) throw new Error('worker.js runs in a worker thread')

let setup: Setup | undefined
let session: Promise<Session> | undefined
let last: Promise<void> = Promise.resolve()

// One at a time, in order.
port.on('message', (message: ToWorker) => {
  last = last.then(() => take(message))
})

async function take(message: ToWorker): Promise<void> {
  // Without its port the worker has nothing to wait for, and ends.
  if (message === END) port?.close()
  else if (message === CLOSE) await close()
  else if (message.type === 'open') setup = message.setup
  else if (message.type === 'warm') await load(message.device)
  else send(await answer(message))
}

/** What cannot be loaded is told to the trial that needs it. */
async function load(device: Device): Promise<void> {
  await warm(device).catch(() => undefined)
  send({ type: 'warm' })
}

async function close(): Promise<void> {
  await session?.then(
    (opened) => opened.close(),
    () => undefined,
  )
  session = undefined
  setup = undefined
  send({ type: 'closed' })
}

async function answer({ id, request, stop }: Envelope): Promise<Reply> {
  try {
    if (setup === undefined) throw new Error('a request without a session')
    session ??= openSession(setup)
    const result = await (await session).handle(request, {
      isStopped: () => Atomics.load(stop, 0) !== 0,
      report: (report) => send({ type: 'progress', id, report }),
      checkpoint: (checkpoint) => send({ type: 'checkpoint', id, checkpoint }),
    })
    return { type: 'result', id, result }
  } catch (error) {
    return error instanceof Stopped ? { type: 'stopped', id } : { type: 'error', id, error: toSent(error) }
  }
}

function send(reply: Reply): void {
  port?.postMessage(reply, reply.type === 'checkpoint' ? buffersOf(reply.checkpoint) : [])
}

/** The copies in a checkpoint, which can move; the best weights are the session's. */
const buffersOf = ({ weights, slots }: TrainingState): ArrayBuffer[] =>
  [weights, ...slots].map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer)

function toSent(error: unknown): SentError {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  if (!(error instanceof EngineError)) return { engine: null, message, stack }
  const { code, at, expected, got } = error
  return { engine: { code, at, expected, got }, message, stack }
}
