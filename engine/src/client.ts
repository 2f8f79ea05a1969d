import { Worker } from 'node:worker_threads'
import { EngineError } from './errors.ts'
import type { Envelope, Reply, Request, Results, SentError, Setup } from './messages.ts'
import type { StepReport } from './types.ts'

/** The calling thread's end of a worker. */
export interface Client {
  /** Sends a request and awaits its answer. Aborting rejects with the signal's reason once the worker has stopped. */
  call<R extends Request>(request: R, options?: CallOptions): Promise<Results[R['type']]>
  close(): Promise<void>
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly onStep?: ((report: StepReport) => void) | undefined
}

interface Pending {
  readonly options: CallOptions
  /** Stops listening to the signal. */
  end(): void
  resolve(result: Results[Request['type']]): void
  reject(error: unknown): void
}

/** Starts a worker. It keeps the process alive only while a request is under way. */
export function openClient(setup: Setup): Client {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: setup })
  const pending = new Map<number, Pending>()
  let failure: Error | undefined
  let lastId = 0
  const fail = (error: Error): void => {
    failure ??= error
    for (const { end, reject } of pending.values()) {
      end()
      reject(failure)
    }
    pending.clear()
    worker.unref()
  }
  worker.unref()
  worker.on('error', (cause) =>
    fail(new EngineError('E_WORKER', 'worker thread', 'no crash', cause.message, { cause })),
  )
  worker.on('exit', (code) => fail(new EngineError('E_WORKER', 'worker thread', 'no early end', `exit code ${code}`)))
  worker.on('message', (reply: Reply) => {
    const waiting = pending.get(reply.id)
    if (waiting === undefined) return
    if (reply.type === 'progress') return waiting.options.onStep?.(reply.report)
    pending.delete(reply.id)
    if (pending.size === 0) worker.unref()
    settle(waiting, reply)
  })
  const send = (request: Request, options: CallOptions): Promise<Results[Request['type']]> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) return reject(failure)
      const envelope: Envelope = { id: ++lastId, request, stop: new Int32Array(new SharedArrayBuffer(4)) }
      const stop = (): void => void Atomics.store(envelope.stop, 0, 1)
      const { signal } = options
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', stop)
      const end = (): void => signal?.removeEventListener('abort', stop)
      pending.set(envelope.id, { options, end, resolve, reject })
      worker.ref()
      worker.postMessage(envelope)
    })
  return {
    // The worker answers every request with its own type of result (messages.ts).
    call: async <R extends Request>(request: R, options: CallOptions = {}) =>
      (await send(request, options)) as Results[R['type']],
    async close() {
      fail(new EngineError('E_CLOSED', 'engine', 'an open trainer or predictor', 'a call after close()'))
      await worker.terminate()
    },
  }
}

function settle({ options, end, resolve, reject }: Pending, reply: Exclude<Reply, { type: 'progress' }>): void {
  end()
  if (reply.type === 'result') resolve(reply.result)
  else reject(reply.type === 'stopped' ? options.signal?.reason : fromSent(reply.error))
}

function fromSent({ engine, message, stack }: SentError): Error {
  if (engine !== null) return new EngineError(engine.code, engine.at, engine.expected, engine.got)
  const error = new Error(message)
  error.stack = stack
  return error
}
