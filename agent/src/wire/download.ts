import { createHash } from 'node:crypto'
import type { AttemptRef } from '@pawprint/protocol'
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
    return await retrying(settings, async () => {
      const answer = await ask(settings, 'GET', `/api/jobs/${job}/trials/${trial}/checkpoint`, {}, null)
      const body = await answer.arrayBuffer().catch((error: unknown) => {
        throw new Passing(causeOf(error))
      })
      const bytes = new Uint8Array(body)
      return createHash('sha1').update(bytes).digest('hex') === sha1 ? bytes : null
    })
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}
