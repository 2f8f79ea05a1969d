import { setTimeout as wait } from 'node:timers/promises'
import { ErrorBody, parse, parseJson } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import { type Backoff, backoffMs } from './backoff.ts'
import type { StoreAddress } from './token.ts'
import { explainTls } from './trust.ts'

/** How an agent calls its store's HTTP API. */
export interface CallSettings {
  readonly address: Pick<StoreAddress, 'httpUrl' | 'token' | 'renew'>
  readonly backoff: Backoff
  readonly random: () => number
  readonly signal: AbortSignal
  /** Aborts when the connection to the store is lost or there again: what is under way then may never be answered, and is asked again. */
  readonly line: () => AbortSignal
  /** Told when a try failed and another one follows. */
  readonly onRetry: (reason: string) => void
}

/** An answer that another try may change: the network, a busy or a broken store. */
export class Passing extends Error {
  override readonly name = 'Passing'
}

/** Largest JSON answer that is read. */
export const MAX_ANSWER_BYTES = 64 * 1024
const isPassing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500

/**
 * `work`'s result, tried again for ever after network errors, 408, 425, 429 and 5xx; `work` calls `progressed` when waits shall be
 * short again. Throws AgentError E_STORE for other answers, and the signal's reason when it aborts.
 */
export async function retrying<T>(settings: CallSettings, work: (progressed: () => void) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work(() => {
        tries = 0
      })
    } catch (error) {
      settings.signal.throwIfAborted()
      if (!(error instanceof Passing)) throw error
      settings.onRetry(error.message)
      const ms = backoffMs(settings.backoff, tries, settings.random())
      await wait(ms, undefined, { signal: settings.signal, ref: false }).catch(() => settings.signal.throwIfAborted())
    }
  }
}

/** One call. Throws Passing, or AgentError E_STORE with the status first in `got`. */
export async function ask(
  { address, signal, line }: CallSettings,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array | null,
): Promise<Response> {
  // fetch leaves its listeners on a signal, and these live as long as trial and connection: each request gets its own.
  signal.throwIfAborted()
  const own = new AbortController()
  const abort = (): void => own.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  // A line that died without a word never answers, and fetch would wait 5 minutes; the connection's pings notice sooner.
  const present = line()
  const lose = (): void => own.abort(new Error('the connection broke'))
  present.addEventListener('abort', lose, { once: true })
  const { token } = address
  const answer = await fetch(`${address.httpUrl}${path}`, {
    method,
    headers: { ...headers, authorization: `Bearer ${token}` },
    body,
    redirect: 'manual',
    signal: own.signal,
  })
    .catch((error: unknown) => {
      throw new Passing(causeOf(error))
    })
    .finally(() => {
      signal.removeEventListener('abort', abort)
      present.removeEventListener('abort', lose)
    })
  if (answer.ok) return answer
  const said = errorIn(await answer.text().catch(() => ''))
  const text = `${answer.status} ${said?.message ?? ''}`.trim()
  // Another offset is on disk than this agent thought: the next try asks for it.
  // A token that was replaced meanwhile is read again, once: the new one is either known or not.
  const isReplaced = answer.status === 401 && address.renew?.(token) === true
  if (isReplaced || isPassing(answer.status) || said?.code === 'E_OFFSET') throw new Passing(text)
  throw new AgentError('E_STORE', `${method} ${path}`, said?.expected ?? 'a success', text)
}

/** Whether the store said that there is no such thing. */
export const isNotFound = (error: unknown): boolean => error instanceof AgentError && error.got.startsWith('404')

/** What lies behind an error of fetch. */
export const causeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return explainTls(cause) ?? (cause instanceof Error ? cause.message : String(cause))
}

function errorIn(text: string): ErrorBody | undefined {
  try {
    return parse(ErrorBody, (parseJson(text, MAX_ANSWER_BYTES) as { error?: unknown }).error)
  } catch {
    return undefined
  }
}
