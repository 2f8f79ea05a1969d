import type { DemoTask, ErrorBody, Sha1 } from '@pawprint/protocol'
import { DemoError } from './error.ts'
import { emptySlot, isKnown, release, replace, type Served, type Slot, settle, viewOf } from './slot.ts'

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
  /** Calls back after each change, until the shelf is closed. */
  onChange(listener: (changed: DemoTask) => void): void
  close(): Promise<void>
}

function pick(known: readonly Slot[], task: string | undefined): NonNullable<Slot['served']> {
  if (known.length === 0) throw new DemoError('E_NO_MODEL', 'task', 'a deployed model', 'none yet')
  if (task === undefined && known.length > 1)
    throw new DemoError('E_TASK_MISSING', 'task', `one of ${known.map((slot) => slot.task).join(', ')}`, 'none')
  const slot = task === undefined ? known[0] : known.find((one) => one.task === task)
  if (slot === undefined)
    throw new DemoError('E_TASK', 'task', known.map((one) => one.task).join(' or '), JSON.stringify(task).slice(0, 80))
  if (slot.served === null) throw new DemoError('E_NO_MODEL', slot.task, 'a deployed model', 'none yet')
  return slot.served
}

async function using<T>(served: NonNullable<Slot['served']>, run: (served: Served) => Promise<T>): Promise<T> {
  served.users++
  try {
    return await run(served)
  } finally {
    served.users--
    await release(served)
  }
}

/** An empty shelf over the store's data folder, or over a mirror of it. Nothing is read before the first `look`. */
export function openShelf(folder: string): Shelf {
  const slots = new Map<string, Slot>()
  const listeners = new Set<(changed: DemoTask) => void>()
  let isClosed = false

  function slotOf(task: string): Slot {
    const slot = slots.get(task) ?? emptySlot(task)
    slots.set(task, slot)
    return slot
  }
  const tell = (slot: Slot): void => {
    for (const listener of listeners) listener(viewOf(slot))
  }
  const known = (): Slot[] => [...slots.values()].filter(isKnown).sort((a, b) => (a.task < b.task ? -1 : 1))

  return {
    look(task) {
      const slot = slotOf(task)
      slot.wanted = true
      slot.working ??= settle(
        folder,
        slot,
        () => isClosed,
        () => tell(slot),
      )
      return slot.working
    },
    refuse(task, sha1, error) {
      const slot = slotOf(task)
      slot.refused = { sha1, error, blob: undefined }
      tell(slot)
    },
    use: async (task, run) => using(pick(known(), task), run),
    tasks: () => known().map(viewOf),
    onChange: (listener) => void listeners.add(listener),
    async close() {
      isClosed = true
      listeners.clear()
      for (const slot of slots.values()) {
        await slot.working
        await replace(slot, null)
      }
    },
  }
}
