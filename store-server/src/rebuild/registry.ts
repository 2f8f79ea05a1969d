import { type Task, TEST_ACCURACY } from '@pawprint/protocol'
import type { FoundRecords } from '../check/records.ts'
import { FORMAT_VERSION } from '../service/changes.ts'
import { StorageError } from '../storage/storage.ts'

/** A registry made from everything else, and in plain sentences what it is and what is lost. */
export interface Rebuilt {
  readonly registry: unknown
  readonly lines: readonly string[]
}

const namesOf = (found: FoundRecords): string[] => {
  const names = [
    ...[...found.jobs.values()].map(({ job }) => job.task),
    ...[...found.models.values()].map(({ model }) => model.task),
    ...found.deployments.keys(),
  ]
  return [...new Set(names)].sort()
}

/**
 * The task as the demo's file has it, else as its newest model says. Null without either: its notebook says it again. Throws
 * StorageError E_CORRUPT when it has models and nothing says what they are compared by.
 */
function taskFrom(name: string, found: FoundRecords, shown: Task | undefined): Task | null {
  if (shown) return shown
  const models = [...found.models.values()].filter(({ model }) => model.task === name)
  const newest = models.toSorted((a, b) => b.number - a.number)[0]
  if (!newest) return null
  if (!models.every(({ model }) => TEST_ACCURACY.name in model.metrics))
    throw new StorageError(
      'E_CORRUPT',
      `task ${name}`,
      `its metric, in deployed/${name}/current.json, or ${TEST_ACCURACY.name} of all its models`,
      'neither; bring registry.json or current.json back from a backup',
    )
  return { name, classNames: newest.model.classNames, metric: TEST_ACCURACY }
}

const highest = (numbers: Iterable<number>): number => [...numbers].reduce((most, number) => Math.max(most, number), 0)

function describe(
  tasks: readonly { task: Task; pinned: boolean }[],
  names: readonly string[],
  found: FoundRecords,
): string[] {
  const known = new Set(tasks.map(({ task }) => task.name))
  const notebooks = [...new Set([...found.jobs.values()].map(({ job }) => job.notebook))].sort()
  return [
    ...tasks.map(({ task, pinned }) =>
      pinned
        ? `task ${task.name}: kept, and pinned, for whether it was is lost; unpin it on the page`
        : `task ${task.name}: kept`,
    ),
    ...names
      .filter((name) => !known.has(name))
      .map((name) => `task ${name}: lost; it comes back when its notebook registers`),
    ...notebooks.map(
      (name) =>
        `notebook ${JSON.stringify(name)}: its schema and its values are lost; it comes back when it registers, and its jobs with it`,
    ),
    `${found.jobs.size} jobs, ${found.models.size} models: kept, with logs, curves and weights`,
  ]
}

/** Pure. `shown` holds the tasks of the demo's files. */
export function rebuildRegistry(found: FoundRecords, shown: ReadonlyMap<string, Task>): Rebuilt {
  const names = namesOf(found)
  const tasks = names.flatMap((name) => {
    const task = taskFrom(name, found, shown.get(name))
    // A pin beats automation: as long as nobody knows, nothing is deployed by itself where something serves.
    return task ? [{ task, pinned: (found.deployments.get(name)?.length ?? 0) > 0 }] : []
  })
  const counters = {
    jobs: highest([...found.jobs.values()].map(({ job }) => job.number)),
    models: highest([...found.models.values()].map(({ number }) => number)),
  }
  const registry = { version: FORMAT_VERSION, notebooks: [], tasks, counters }
  return { registry, lines: describe(tasks, names, found) }
}
