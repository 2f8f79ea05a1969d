import { parse, parseJson, UPLOAD_PART_BYTES, UploadSession } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import { ask, type CallSettings, causeOf, isNotFound, MAX_ANSWER_BYTES, Passing, retrying } from './http.ts'

export interface Upload {
  readonly bytes: Uint8Array
  readonly sha1: string
  readonly sha256: string
  readonly kind: 'weights' | 'checkpoint' | 'artifact'
}

export interface UploadSettings extends CallSettings {
  /** Bytes of one part; default 4 MiB. */
  readonly partBytes?: number
}

/**
 * Brings a file to the store in resumable parts; at once when it is already there. Tries again for ever after network
 * errors, 408, 425, 429 and 5xx, and once after bytes that were damaged; throws AgentError E_STORE for other answers, and the signal's reason when it aborts.
 */
export async function uploadFile(upload: Upload, settings: UploadSettings): Promise<void> {
  let session: UploadSession | undefined
  // Bytes that arrive otherwise were damaged on the way; a second time is no accident, unless it was resumed meanwhile.
  let mayRepeat = true
  await retrying(settings, async (progressed) => {
    if (session !== undefined) {
      session = await resume(session, settings)
      mayRepeat ||= session !== undefined
    }
    session ??= await create(upload, settings)
    while (!session.complete && session.offset < upload.bytes.length) {
      session = await sendPart(upload, session, settings)
      progressed()
    }
    if (session.complete) return
    try {
      await ask(settings, 'POST', `/api/uploads/${session.id}/commit`, {}, null)
    } catch (error) {
      // So may a power cut of the store, behind those that it acknowledged: from the start then, without a stop.
      if (!mayRepeat || !isOtherBytes(error)) throw error
      session = undefined
      mayRepeat = false
      throw new Passing('the store got other bytes; all of them again')
    }
  })
}

const isOtherBytes = (error: unknown): boolean => error instanceof AgentError && error.got.startsWith('422')

async function create({ bytes, sha1, sha256, kind }: Upload, settings: UploadSettings): Promise<UploadSession> {
  const body = JSON.stringify({ sha1, sha256, sizeBytes: bytes.length, kind })
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
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function sendPart({ bytes }: Upload, session: UploadSession, settings: UploadSettings): Promise<UploadSession> {
  const part = bytes.subarray(session.offset, session.offset + (settings.partBytes ?? UPLOAD_PART_BYTES))
  const headers = { 'content-type': 'application/octet-stream', 'upload-offset': String(session.offset) }
  return readSession(await ask(settings, 'PATCH', `/api/uploads/${session.id}`, headers, part))
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
