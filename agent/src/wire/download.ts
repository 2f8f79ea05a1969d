import { createHash } from 'node:crypto'
import { type AttemptRef, MAX_STORE_FRAME_BYTES, NetworkAnswer, parse, parseJson } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import { ask, type CallSettings, causeOf, isNotFound, Passing, retrying } from './http.ts'

/**
 * The bytes of a trial's checkpoint, or null when the store has not these bytes any more. Tries again as an upload does; throws
 * AgentError E_STORE for other answers, and the signal's reason when it aborts.
 */
export async function downloadCheckpoint(
  { job, trial }: Pick<AttemptRef, 'job' | 'trial'>,
  sha1: string,
  settings: CallSettings,
): Promise<Uint8Array | null> {
  try {
    const bytes = await download(`/api/jobs/${job}/trials/${trial}/checkpoint`, settings)
    return sha1Of(bytes) === sha1 ? bytes : null
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

/**
 * The bytes of a model's weights. Tries again as an upload does; throws AgentError E_STORE for other answers and for other bytes, and the
 * signal's reason when it aborts.
 */
export async function downloadWeights(sha1: string, settings: CallSettings): Promise<Uint8Array> {
  const path = `/api/models/${sha1}/weights`
  const bytes = await download(path, settings)
  const got = sha1Of(bytes)
  if (got !== sha1) throw new AgentError('E_STORE', `GET ${path}`, `bytes with SHA-1 ${sha1}`, got)
  return bytes
}

/**
 * All of a model but its weights. Tries again as an upload does; throws AgentError E_STORE or ProtocolError for other answers, and the
 * signal's reason when it aborts.
 */
export async function downloadNetwork(sha1: string, settings: CallSettings): Promise<NetworkAnswer> {
  const bytes = await download(`/api/models/${sha1}/network`, settings)
  return parse(NetworkAnswer, parseJson(new TextDecoder().decode(bytes), MAX_STORE_FRAME_BYTES))
}

const download = (path: string, settings: CallSettings): Promise<Uint8Array> =>
  retrying(settings, async () => {
    const answer = await ask(settings, 'GET', path, {}, null)
    const body = await answer.arrayBuffer().catch((error: unknown) => {
      throw new Passing(causeOf(error))
    })
    return new Uint8Array(body)
  })

const sha1Of = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')
