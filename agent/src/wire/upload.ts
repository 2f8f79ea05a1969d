import { setTimeout as wait } from 'node:timers/promises'
import { ErrorBody, parse, parseJson, UPLOAD_PART_BYTES, UploadSession } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import { type Backoff, backoffMs } from './backoff.ts'
import type { StoreAddress } from './token.ts'

export interface Upload {
  readonly bytes: Uint8Array
  readonly sha1: string
  readonly sha256: string
}

export interface UploadSettings {
  readonly address: Pick<StoreAddress, 'httpUrl' | 'token'>
  readonly backoff: Backoff
  readonly random: () => number
  readonly signal: AbortSignal
  /** Told when a try failed and another one follows. */
  readonly onRetry: (reason: string) => void
  /** Bytes of one part; default 4 MiB. */
  readonly partBytes?: number
}

/** An answer that another try may change: the network, a busy or a broken store. */
class Passing extends Error {
  override readonly name = 'Passing'
}

const MAX_ANSWER_BYTES = 64 * 1024
const isPassing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500

/**
 * Brings a weights file to the store in resumable parts; at once when it is already there. Tries again for ever after network
 * errors, 408, 425, 429 and 5xx; throws AgentError E_STORE for other answers, and the signal's reason when it aborts.
 */
export async function uploadWeights(upload: Upload, settings: UploadSettings): Promise<void> {
  let session: UploadSession | undefined
  for (let tries = 0; ; tries++) {
    try {
      session = session === undefined ? await create(upload, settings) : await resume(session, settings)
      while (session !== undefined && !session.complete && session.offset < upload.bytes.length) {
        session = await sendPart(upload, session, settings)
        tries = 0
      }
      if (session === undefined) continue
      if (!session.complete) await ask(settings, 'POST', `/api/uploads/${session.id}/commit`, {}, null)
      return
    } catch (error) {
      settings.signal.throwIfAborted()
      if (!(error instanceof Passing)) throw error
      settings.onRetry(error.message)
      const ms = backoffMs(settings.backoff, tries, settings.random())
      await wait(ms, undefined, { signal: settings.signal, ref: false }).catch(() => settings.signal.throwIfAborted())
    }
  }
}

async function create({ bytes, sha1, sha256 }: Upload, settings: UploadSettings): Promise<UploadSession> {
  const body = JSON.stringify({ sha1, sha256, sizeBytes: bytes.length, kind: 'weights' })
  return readSession(await ask(settings, 'POST', '/api/uploads', { 'content-type': 'application/json' }, body))
}

/** The session with the offset that is on disk; undefined when the store has dropped it. */
async function resume(session: UploadSession, settings: UploadSettings): Promise<UploadSession | undefined> {
  try {
    const answer = await ask(settings, 'HEAD', `/api/uploads/${session.id}`, {}, null)
    const offset = Number(answer.headers.get('upload-offset') ?? Number.NaN)
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > session.sizeBytes)
      throw new Passing('an answer without an offset')
    return { ...session, offset }
  } catch (error) {
    if (error instanceof AgentError && error.got.startsWith('404')) return undefined
    throw error
  }
}

async function sendPart({ bytes }: Upload, session: UploadSession, settings: UploadSettings): Promise<UploadSession> {
  const part = bytes.subarray(session.offset, session.offset + (settings.partBytes ?? UPLOAD_PART_BYTES))
  const headers = { 'content-type': 'application/octet-stream', 'upload-offset': String(session.offset) }
  return readSession(await ask(settings, 'PATCH', `/api/uploads/${session.id}`, headers, part))
}

async function ask(
  { address, signal }: UploadSettings,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array | null,
): Promise<Response> {
  // fetch leaves its listeners on a signal, and this one lives as long as the trial: each request gets its own.
  signal.throwIfAborted()
  const own = new AbortController()
  const abort = (): void => own.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const answer = await fetch(`${address.httpUrl}${path}`, {
    method,
    headers: { ...headers, authorization: `Bearer ${address.token}` },
    body,
    redirect: 'manual',
    signal: own.signal,
  })
    .catch((error: unknown) => {
      throw new Passing(causeOf(error))
    })
    .finally(() => signal.removeEventListener('abort', abort))
  if (answer.ok) return answer
  const said = errorIn(await answer.text().catch(() => ''))
  const text = `${answer.status} ${said?.message ?? ''}`.trim()
  // Another offset is on disk than this agent thought: the next try asks for it.
  if (isPassing(answer.status) || said?.code === 'E_OFFSET') throw new Passing(text)
  throw new AgentError('E_STORE', `${method} ${path}`, said?.expected ?? 'a success', text)
}

const causeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

function errorIn(text: string): ErrorBody | undefined {
  try {
    return parse(ErrorBody, (parseJson(text, MAX_ANSWER_BYTES) as { error?: unknown }).error)
  } catch {
    return undefined
  }
}

async function readSession(answer: Response): Promise<UploadSession> {
  const text = await answer.text().catch((error: unknown) => {
    throw new Passing(causeOf(error))
  })
  try {
    return parse(UploadSession, parseJson(text, MAX_ANSWER_BYTES))
  } catch (error) {
    // A proxy's page with status 200 is no answer of a store.
    throw new Passing(error instanceof Error ? error.message : String(error))
  }
}
