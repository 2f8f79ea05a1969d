import type { Predictor } from '@pawprint/engine'
import type { CurrentModel, DemoTask, ErrorBody, Sha1 } from '@pawprint/protocol'
import { DemoError, errorBodyOf } from './error.ts'
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

interface Slot {
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

/** The models that answer, one per task. */
export interface Shelf {
  /**
   * Brings a task up to date with its folder; resolves when it is. Calls while one works share its promise: loads of one task
   * never overlap, so the newest deployment is always the last to be swapped in. A model that fails is noted, never thrown.
   */
  look(task: string): Promise<void>
  /** Notes that a deployment could not even reach the folder. */
  refuse(task: string, sha1: Sha1, error: ErrorBody): void
  /** Runs `work` on the present model of a task, which stays open until then. Throws DemoError E_TASK, E_NO_MODEL. */
  use<T>(task: string | undefined, work: (served: Served) => Promise<T>): Promise<T>
  tasks(): DemoTask[]
  /** Calls back after each change; the answer ends that. */
  onChange(listener: (changed: DemoTask) => void): () => void
  close(): Promise<void>
}

/** The page's view of a slot. */
function viewOf({ task, served, refused, classNames }: Slot): DemoTask {
  const shown = refused === null ? null : { sha1: refused.sha1, error: refused.error }
  if (served === null) return { task, classNames: [...classNames], served: null, refused: shown }
  const { deployment, model } = served.current
  const { width, height, channels, fit } = model.preprocessing
  const testAccuracy = model.metrics.testAccuracy ?? null
  const { sha1, revision, at } = deployment
  const answers = { task, sha1, classNames: model.classNames, testAccuracy, deployedAt: at, revision }
  return {
    task,
    classNames: model.classNames,
    served: { ...answers, testCount: model.testSet.count, width, height, channels, fit },
    refused: shown,
  }
}

async function release(served: NonNullable<Slot['served']>): Promise<void> {
  if (served.replaced && served.users === 0) await served.predictor.close()
}

async function replace(slot: Slot, next: Served | null): Promise<void> {
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

const isKnown = (slot: Slot): boolean => slot.classNames.length > 0 || slot.refused !== null

function pick(slots: ReadonlyMap<string, Slot>, task: string | undefined): NonNullable<Slot['served']> {
  const known = [...slots.values()].filter(isKnown)
  if (known.length === 0) throw new DemoError('E_NO_MODEL', 'task', 'a deployed model', 'none yet')
  if (task === undefined && known.length > 1)
    throw new DemoError('E_TASK_MISSING', 'task', `one of ${known.map((slot) => slot.task).join(', ')}`, 'none')
  const slot = task === undefined ? known[0] : known.find((one) => one.task === task)
  if (slot === undefined)
    throw new DemoError('E_TASK', 'task', known.map((one) => one.task).join(' or '), JSON.stringify(task).slice(0, 80))
  if (slot.served === null) throw new DemoError('E_NO_MODEL', slot.task, 'a deployed model', 'none yet')
  return slot.served
}

/** An empty shelf over the store's data folder, or over a mirror of it. Nothing is read before the first `look`. */
export function openShelf(folder: string): Shelf {
  const slots = new Map<string, Slot>()
  const listeners = new Set<(changed: DemoTask) => void>()
  let closed = false

  function slotOf(task: string): Slot {
    const slot = slots.get(task) ?? {
      task,
      served: null,
      refused: null,
      classNames: [],
      tried: undefined,
      wanted: false,
      working: null,
    }
    slots.set(task, slot)
    return slot
  }
  const tell = (slot: Slot): void => {
    for (const listener of listeners) listener(viewOf(slot))
  }
  async function work(slot: Slot): Promise<void> {
    while (slot.wanted && !closed) {
      slot.wanted = false
      if (!(await bringUpToDate(folder, slot))) continue
      tell(slot)
      // The file may have been replaced while this one loaded, and the watcher may not have said so.
      slot.wanted = true
    }
    slot.working = null
  }

  return {
    look(task) {
      const slot = slotOf(task)
      slot.wanted = true
      slot.working ??= work(slot)
      return slot.working
    },
    refuse(task, sha1, error) {
      const slot = slotOf(task)
      slot.refused = { sha1, error, blob: undefined }
      tell(slot)
    },
    async use(task, run) {
      const served = pick(slots, task)
      served.users++
      try {
        return await run(served)
      } finally {
        served.users--
        await release(served)
      }
    },
    tasks: () =>
      [...slots.values()]
        .filter(isKnown)
        .map(viewOf)
        .sort((a, b) => (a.task < b.task ? -1 : 1)),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      closed = true
      listeners.clear()
      for (const slot of slots.values()) {
        await slot.working
        await replace(slot, null)
      }
    },
  }
}
