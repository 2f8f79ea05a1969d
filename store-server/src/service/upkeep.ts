import { setImmediate } from 'node:timers/promises'
import type { Sha1 } from '@pawprint/protocol'
import { referencedWeights } from '../core/references.ts'
import type { Collected } from '../storage/storage.ts'
import { DOCUMENTS, markWeights } from './changes.ts'
import { type Store, timeOf } from './context.ts'
import { lockOf } from './deploying.ts'

/** Weights that nothing names stay this long, for whoever uploaded them and has not said yet what they are. */
export const GRACE_MS = 24 * 60 * 60 * 1000
/** Records looked at in one turn. */
const PIECE_RECORDS = 200
/** A start comes first; upkeep that is overdue waits this long. */
const FIRST_MS = 5 * 60 * 1000

/** Says on the model of these weights, if there is one, whether they are whole. */
export async function noteWeights(store: Store, sha1: string, areWhole: boolean): Promise<void> {
  const known = store.models.peek(sha1)
  if (!known || (known.model.damagedAt === undefined) === areWhole) return
  try {
    await store.lock(lockOf(known.model.task), () => markWeights(store, sha1, areWhole))
  } catch (error) {
    // Whoever looked at the weights has its answer; the next look tries again.
    store.world.report(`model ${sha1}: ${error instanceof Error ? error.message : error}`)
  }
}

/** Hashes all weights again, and says on each model how they are. */
export async function scrubWeights(store: Store): Promise<void> {
  await store.storage.blobs.scrub()
  for (const { model } of store.models.values()) {
    if (store.closing) return
    await noteWeights(store, model.sha1, (await store.storage.blobs.find(model.sha1)) !== null)
  }
}

/** Lets others work between pieces: all records of a large store take a second. */
async function inPieces<T>(values: Iterable<T>, take: (some: readonly T[]) => void): Promise<void> {
  let some: T[] = []
  for (const value of values) {
    if (some.push(value) < PIECE_RECORDS) continue
    take(some)
    some = []
    await setImmediate()
  }
  take(some)
}

/** Removes weights that no record names and that nobody claimed for `graceMs`, default a day. */
export async function collectGarbage(store: Store, graceMs = GRACE_MS): Promise<Collected[]> {
  const needed = referencedWeights({ jobs: [], models: [], tasks: store.tasks.values() })
  const add = (more: ReadonlyMap<Sha1, string>): void => {
    for (const [sha1, why] of more) needed.set(sha1, why)
  }
  await inPieces(store.jobs.values(), (jobs) => add(referencedWeights({ jobs, models: [], tasks: [] })))
  await inPieces(store.models.values(), (models) => add(referencedWeights({ jobs: [], models, tasks: [] })))
  // What is named from here on was claimed before, and so is too young.
  return store.storage.blobs.collect(needed, graceMs)
}

/** One day's upkeep: weights are checked, what nobody needs goes. `removeTemps` answers how many files it removed. */
async function keepUp(store: Store, removeTemps: () => Promise<number>): Promise<void> {
  await scrubWeights(store)
  if (store.closing) return
  const collected = await collectGarbage(store)
  const temps = await removeTemps()
  if (collected.length + temps > 0) {
    const sizeBytes = collected.reduce((sum, blob) => sum + blob.sizeBytes, 0)
    store.world.report(
      `removed ${collected.length} weights that nothing names (${sizeBytes} bytes) and ${temps} temp files`,
    )
  }
  await store.storage.documents.write(DOCUMENTS.upkeep, { at: timeOf(store) })
}

/** Milliseconds until upkeep is due: a day after the last one, which was `at` (ISO 8601), but not at once after a start. */
export function upkeepWaitMs(at: unknown, nowMs: number, upkeepMs: number): number {
  const lastMs = typeof at === 'string' ? Date.parse(at) : Number.NaN
  const soonMs = Math.min(FIRST_MS, upkeepMs)
  return Number.isNaN(lastMs) ? soonMs : Math.min(upkeepMs, Math.max(soonMs, lastMs + upkeepMs - nowMs))
}

async function firstWait(store: Store): Promise<number> {
  // When it cannot be read, the first one comes soon.
  const document = await store.storage.documents.read(DOCUMENTS.upkeep).catch(() => null)
  return upkeepWaitMs(Object(document).at, store.world.nowMs(), store.times.upkeepMs)
}

/** Does the upkeep once a day for as long as the store runs. Answers what stops it. */
export function startUpkeep(store: Store, removeTemps: () => Promise<number>): () => void {
  let timer: NodeJS.Timeout | undefined
  const waitFor = (ms: number): void => {
    if (store.closing) return
    timer = setTimeout(() => run().then(() => waitFor(store.times.upkeepMs)), ms)
    timer.unref()
  }
  const run = async (): Promise<void> => {
    try {
      await keepUp(store, removeTemps)
    } catch (error) {
      if (!store.closing) store.world.report(`the daily upkeep: ${error instanceof Error ? error.message : error}`)
    }
  }
  firstWait(store).then(waitFor)
  return () => clearTimeout(timer)
}
