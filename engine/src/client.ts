import type { Worker } from 'node:worker_threads'
import { EngineError } from './errors.ts'
import {
  CLOSE,
  END,
  type Envelope,
  type Open,
  type Reply,
  type Request,
  type Results,
  type SentError,
  type Setup,
  type TrainingState,
} from './messages.ts'
import type { StepReport } from './types.ts'
import { giveBackWorker, takeWorker } from './workers.ts'

/** The calling thread's end of a worker. */
export interface Client {
  /** Sends a request and awaits its answer. Aborting rejects with the signal's reason once the worker has stopped. */
  call<R extends Request>(request: R, options?: CallOptions): Promise<Results[R['type']]>
  close(): Promise<void>
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly onStep?: ((report: StepReport) => void) | undefined
  readonly onCheckpoint?: ((state: TrainingState) => void) | undefined
}

interface Pending {
  readonly options: CallOptions
  /** Asks the worker to stop. */
  stop(): void
  /** Stops listening to the signal. */
  end(): void
  resolve(result: Results[Request['type']]): void
  reject(error: unknown): void
}

/** Begins a session in a worker, which keeps the process alive only while a request is under way. */
export function openClient(setup: Setup): Client {
  const worker = takeWorker()
  worker.postMessage({ type: 'open', setup } satisfies Open)
  const pending = new Map<number, Pending>()
  let failure: Error | undefined
  let lastId = 0
  const take = (id: number): Pending | undefined => {
    const taken = pending.get(id)
    pending.delete(id)
    taken?.end()
    if (taken && pending.size === 0) worker.unref()
    return taken
  }
  const fail = (error: Error): void => {
    failure ??= error
    for (const id of [...pending.keys()]) take(id)?.reject(failure)
  }
  const line = listen(worker, fail, (reply) => {
    if (reply.type === 'progress' || reply.type === 'checkpoint') report(pending, take, reply)
    else settle(take(reply.id), reply)
  })
  const send = (request: Request, options: CallOptions): Promise<Results[Request['type']]> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined || options.signal?.aborted) return reject(failure ?? options.signal?.reason)
      const flag = new Int32Array(new SharedArrayBuffer(4))
      const stop = (): void => void Atomics.store(flag, 0, 1)
      const end = (): void => options.signal?.removeEventListener('abort', stop)
      options.signal?.addEventListener('abort', stop)
      pending.set(++lastId, { options, stop, end, resolve, reject })
      worker.ref()
      worker.postMessage({ type: 'request', id: lastId, request, stop: flag } satisfies Envelope)
    })
  // Never terminate(): ending a thread inside the runtime's native code aborts the whole process.
  const close = async (): Promise<void> => {
    for (const { stop } of pending.values()) stop()
    fail(new EngineError('E_CLOSED', 'engine', 'an open trainer or predictor', 'a call after close()'))
    worker.ref()
    worker.postMessage(CLOSE)
    const isWell = await line.closed
    line.end()
    if (!isWell) return
    // TensorFlow.js keeps state of its own in its thread.
    if (setup.backend === 'engine') giveBackWorker(worker)
    else worker.postMessage(END)
  }
  let closing: Promise<void> | undefined
  return {
    // The worker answers every request with its own type of result (messages.ts).
    call: async <R extends Request>(request: R, options: CallOptions = {}) =>
      (await send(request, options)) as Results[R['type']],
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Hears a worker until `end`. `closed` resolves when its session has ended: with false when the worker has, too. */
function listen(
  worker: Worker,
  fail: (error: Error) => void,
  onReply: (reply: Answer) => void,
): { readonly closed: Promise<boolean>; end(): void } {
  worker.unref()
  let settleClosed: (isWell: boolean) => void = () => undefined
  const closed = new Promise<boolean>((resolve) => {
    settleClosed = resolve
  })
  const onError = (cause: Error): void =>
    fail(new EngineError('E_WORKER', 'worker thread', 'no crash', cause.message, { cause }))
  const onExit = (code: number): void => {
    fail(new EngineError('E_WORKER', 'worker thread', 'no early end', `exit code ${code}`))
    settleClosed(false)
  }
  const onMessage = (reply: Reply): void => {
    if (reply.type === 'closed') settleClosed(true)
    else if (reply.type !== 'warm') onReply(reply)
  }
  worker.on('error', onError).on('exit', onExit).on('message', onMessage)
  return {
    closed,
    end: () => void worker.off('error', onError).off('exit', onExit).off('message', onMessage),
  }
}

/** What a worker says about a request. */
type Answer = Exclude<Reply, { type: 'warm' | 'closed' }>
type Report = Extract<Reply, { type: 'progress' | 'checkpoint' }>

/** Tells the caller. An error of the caller's own `onStep` or `onCheckpoint` ends the call with that error. */
function report(pending: ReadonlyMap<number, Pending>, take: (id: number) => Pending | undefined, reply: Report): void {
  const { id } = reply
  const waiting = pending.get(id)
  try {
    if (reply.type === 'progress') waiting?.options.onStep?.(reply.report)
    else waiting?.options.onCheckpoint?.(reply.checkpoint)
  } catch (error) {
    waiting?.stop()
    take(id)?.reject(error)
  }
}

function settle(waiting: Pending | undefined, reply: Exclude<Answer, Report>): void {
  if (reply.type === 'result') waiting?.resolve(reply.result)
  else waiting?.reject(reply.type === 'stopped' ? waiting.options.signal?.reason : fromSent(reply.error))
}

function fromSent({ engine, message, stack }: SentError): Error {
  if (engine !== null) return new EngineError(engine.code, engine.at, engine.expected, engine.got)
  const error = new Error(message)
  error.stack = stack
  return error
}
