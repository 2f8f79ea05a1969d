import type { Predictor } from '@pawprint/engine'
import type { CurrentModel, DemoTask, ErrorBody, Sha1 } from '@pawprint/protocol'
import { errorBodyOf } from './error.ts'
import { blobPath, currentPath, readBlob, readCurrent, signatureOf } from './folder.ts'
import { loadModel } from './load.ts'

/** A model that answers. It is closed when it has been replaced and the last prediction on it has ended. */
export interface Served {
  readonly current: CurrentModel
  readonly predictor: Predictor
}

interface Refused {
  readonly sha1: Sha1 | null
  readonly error: ErrorBody
  /** Signature of its weights file when it failed: another one is worth another try. Undefined: nothing to wait for. */
  readonly blob: string | null | undefined
}

/** One task's place on the shelf. */
export interface Slot {
  readonly task: string
  served: (Served & { users: number; replaced: boolean }) | null
  refused: Refused | null
  /** Class names of the last readable deployment, for the page while nothing is served. */
  classNames: readonly string[]
  /** Signature of the current.json that was tried last; undefined before the first try. */
  tried: string | null | undefined
  wanted: boolean
  working: Promise<void> | null
}

export const emptySlot = (task: string): Slot => ({
  task,
  served: null,
  refused: null,
  classNames: [],
  tried: undefined,
  wanted: false,
  working: null,
})

/** The page's view of a slot. */
export function viewOf({ task, served, refused, classNames }: Slot): DemoTask {
  const shown = refused === null ? null : { sha1: refused.sha1, error: refused.error }
  if (served === null) return { task, classNames: [...classNames], served: null, refused: shown }
  const { deployment, model } = served.current
  const { width, height, channels, fit, input } = model.preprocessing
  const testAccuracy = model.metrics.testAccuracy ?? null
  const { sha1, revision, at } = deployment
  const answers = { task, sha1, classNames: model.classNames, testAccuracy, deployedAt: at, revision }
  return {
    task,
    classNames: model.classNames,
    served: {
      ...answers,
      testCount: model.testSet.count,
      width,
      height,
      channels,
      fit,
      ...(input === undefined ? {} : { input }),
    },
    refused: shown,
  }
}

/** Closes a model that has been replaced, when nobody uses it. */
export async function release(served: NonNullable<Slot['served']>): Promise<void> {
  if (served.replaced && served.users === 0) await served.predictor.close()
}

/** Puts another model, or none, in the place of the present one, which goes when its last prediction has ended. */
export async function replace(slot: Slot, next: Served | null): Promise<void> {
  const old = slot.served
  slot.served = next === null ? null : { ...next, users: 0, replaced: false }
  if (old === null) return
  old.replaced = true
  await release(old)
}

/** True when nothing has changed since the last try, so that another one would end alike. */
async function isTried(folder: string, slot: Slot, signature: string | null): Promise<boolean> {
  if (signature !== slot.tried) return false
  const { refused } = slot
  if (refused === null || refused.sha1 === null || refused.blob === undefined) return true
  return (await signatureOf(blobPath(folder, refused.sha1))) === refused.blob
}

/** One way to reload: file → hashes → load → warm up → canary → swap. Resolves to false when there is nothing new. */
async function bringUpToDate(folder: string, slot: Slot): Promise<boolean> {
  let sha1: Sha1 | null = null
  let blob: string | null | undefined
  try {
    const signature = await signatureOf(currentPath(folder, slot.task))
    if (await isTried(folder, slot, signature)) return false
    slot.tried = signature
    if (signature === null) {
      await replace(slot, null)
    } else {
      const current = await readCurrent(folder, slot.task)
      sha1 = current.model.sha1
      slot.classNames = current.model.classNames
      blob = await signatureOf(blobPath(folder, sha1))
      const predictor = await loadModel(current, await readBlob(folder, current.model))
      await replace(slot, { current, predictor })
    }
    slot.refused = null
  } catch (error) {
    slot.refused = { sha1, error: errorBodyOf(error, 'E_LOAD'), blob }
  }
  return true
}

/** A task that a deployment has been seen of. */
export const isKnown = (slot: Slot): boolean => slot.classNames.length > 0 || slot.refused !== null

/** Works until nothing is wanted any more. `changed` is called after each load, good or bad. */
export async function settle(folder: string, slot: Slot, isClosed: () => boolean, changed: () => void): Promise<void> {
  while (slot.wanted && !isClosed()) {
    slot.wanted = false
    if (!(await bringUpToDate(folder, slot))) continue
    changed()
    // The file may have been replaced while this one loaded, and the watcher may not have said so.
    slot.wanted = true
  }
  slot.working = null
}
