import type { FromAgent, Sha1 } from '@pawprint/protocol'
import { checkpointTrial } from '../core/checkpoints.ts'
import { StoreError } from '../core/error.ts'
import type { CheckpointRecord } from '../core/records.ts'
import { standingOf } from '../core/standing.ts'
import { changeJobs, saveJob } from './changes.ts'
import type { Store } from './context.ts'
import { ownJob } from './training.ts'

/**
 * Keeps what a running attempt left, also while its job stops, and removes what it replaces. Repeating it is harmless.
 * Throws StoreError E_LEASE, E_FENCED, or E_NOT_FOUND when its bytes were not uploaded.
 */
export async function keepCheckpoint(store: Store, message: Extract<FromAgent, { type: 'checkpoint' }>): Promise<void> {
  const { job, trial, sha1 } = message
  ownJob(store, message)
  const claim = { sha1 }
  store.claims.add(claim)
  try {
    if ((await store.storage.blobs.claim(sha1)) === null)
      throw new StoreError('E_NOT_FOUND', 'sha1', 'a checkpoint that was uploaded', sha1)
    const before = ownJob(store, message)
    if (standingOf(before, message) !== 'owner') return await saveJob(store, job)
    await changeJobs(store, before.job.notebook, [checkpointTrial(before, trial, message)])
    await removeCheckpoint(store, before.checkpoints[trial])
  } finally {
    store.claims.delete(claim)
  }
}

/** Every blob that a trial may go on from. */
export const checkpointBlobs = (store: Pick<Store, 'jobs'>): Iterable<Sha1> => store.jobs.checkpoints()

/** Removes the bytes of a checkpoint that was replaced or has served, unless something else has the same or is about to. */
export async function removeCheckpoint(store: Store, checkpoint: CheckpointRecord | null | undefined): Promise<void> {
  if (!checkpoint || store.models.names(checkpoint.sha1)) return
  for (const { sha1 } of store.claims) if (sha1 === checkpoint.sha1) return
  for (const sha1 of checkpointBlobs(store)) if (sha1 === checkpoint.sha1) return
  await store.storage.blobs.remove(checkpoint.sha1)
}
