import { type FromAgent, isFinal, type ToAgent } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { JobRecord } from '../core/records.ts'
import type { AgentLink, Store } from '../service/context.ts'
import { reproduce } from '../service/reproducing.ts'

/** Reproductions that one agent may wait for at a time. */
const MAX_WAITING = 16

type Ask = Extract<FromAgent, { type: 'reproduce' }>

/** What an agent is told of its reproduction; null while that goes on. */
function answerOf(id: string, record: JobRecord | undefined): ToAgent | null {
  if (!record) {
    const gone = new StoreError('E_NOT_FOUND', 'job', 'the job of the reproduction', 'a store that was cleared')
    return { type: 'refused', id, error: gone.toBody() }
  }
  const { job } = record
  const result = job.reproduces?.result
  if (result) return { type: 'reproduced', id, job: job.id, sha1: result.sha1, isSame: result.isSame }
  if (!isFinal(job.state)) return null
  const reason = job.trials[0]?.reason ?? ''
  const failed = new StoreError('E_STATE', `job ${job.number}`, 'a trial that is done', `${job.state}: ${reason}`)
  return { type: 'refused', id, error: failed.toBody() }
}

/** What one agent asked to be trained again, on itself, and has not been told the end of. */
export function createReproductions(store: Store, link: AgentLink) {
  const waiting = new Map<string, () => void>()
  const end = (id: string): void => {
    waiting.get(id)?.()
    waiting.delete(id)
  }
  const follow = (id: string, job: string): void => {
    const look = (): void => {
      const answer = answerOf(id, store.jobs.get(job))
      if (answer === null || !waiting.has(id)) return
      end(id)
      link.send(answer)
    }
    const stop = store.hub.subscribe((change) => {
      if (change.type === 'cleared' || (change.type === 'job' && change.job === job)) look()
    })
    waiting.set(id, stop)
    look()
  }
  const jobFor = async ({ id, sha1 }: Ask, only: string): Promise<JobRecord> => {
    const known = store.jobs.ofRequest(id)
    if (!known) return (await reproduce(store, sha1, { only, requestId: id })).record
    if (known.job.notebook === only && known.job.reproduces?.sha1 === sha1) return known
    throw new StoreError('E_REQUEST_ID', 'id', 'an id of its own', 'that of another job')
  }
  return {
    /** Begins, or goes on after a reconnect. Throws as `reproduce` does, and StoreError E_STATE, E_REQUEST_ID. */
    async begin(ask: Ask): Promise<void> {
      const { id } = ask
      if (waiting.has(id)) return
      if (link.notebook === null) throw new StoreError('E_STATE', 'reproduce', 'a registered notebook', 'none')
      if (waiting.size === MAX_WAITING)
        throw new StoreError('E_STATE', 'reproduce', `at most ${MAX_WAITING} at a time`, 'one more')
      waiting.set(id, () => {})
      try {
        const { job } = await jobFor(ask, link.notebook)
        if (waiting.has(id)) follow(id, job.id)
      } catch (error) {
        end(id)
        throw error
      }
    },
    /** The agent has left. */
    close(): void {
      for (const id of [...waiting.keys()]) end(id)
    },
  }
}
