import { rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CurrentModel, ProtocolError, parse, show, type Task } from '@pawprint/protocol'
import { type Finding, problemsOf, showFinding } from '../check/finding.ts'
import { readAllRecords } from '../check/records.ts'
import { bytesOrNull, entriesOf, type FolderEntry } from '../check/walk.ts'
import { FORMAT_VERSION } from '../service/changes.ts'
import { createDisk } from '../storage/disk.ts'
import { StorageError } from '../storage/storage.ts'
import { rebuildRegistry } from './registry.ts'

const PATH = 'registry.json'

/** The task of each demo's file that can be read. */
async function shownTasks(root: string, entries: readonly FolderEntry[]): Promise<Map<string, Task>> {
  const tasks = new Map<string, Task>()
  for (const { path, place } of entries) {
    if (place.type !== 'current') continue
    try {
      const { task } = parse(CurrentModel, JSON.parse((await bytesOrNull(root, path))?.toString('utf8') ?? ''))
      if (task.name === place.task) tasks.set(task.name, task)
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof ProtocolError)) throw error
    }
  }
  return tasks
}

/** A registry of another version is no damage. Throws StorageError E_CORRUPT. */
function assertNoOtherVersion(bytes: Buffer | null): void {
  try {
    const { version } = Object(JSON.parse(bytes?.toString('utf8') ?? ''))
    if (typeof version !== 'number' || version === FORMAT_VERSION) return
    throw new StorageError('E_CORRUPT', PATH, 'a damaged registry', `one of version ${show(version)}: use that version`)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
}

/**
 * Makes a lost or damaged registry again from jobs, models and deployments; the damaged file is kept beside it. Answers in
 * sentences what there is and what is lost. Whoever calls it holds the lock. Throws StorageError E_ARGUMENT when the registry can
 * be read, E_CORRUPT when too little is left, and then changes nothing.
 */
export async function rebuildFolder(dir: string, nowMs: number): Promise<string[]> {
  const root = resolve(dir)
  const entries = await entriesOf(root)
  const findings: Finding[] = []
  const found = await readAllRecords(root, entries, findings)
  if (found.registry)
    throw new StorageError(
      'E_ARGUMENT',
      PATH,
      'a lost or damaged registry',
      'one that can be read; nothing was changed',
    )
  const damaged = await bytesOrNull(root, PATH)
  assertNoOtherVersion(damaged)
  const { registry, lines } = rebuildRegistry(found, await shownTasks(root, entries))
  const disk = createDisk(root)
  const kept = `${PATH}.damaged-${new Date(nowMs).toISOString().replace(/[:.]/g, '-')}`
  if (damaged !== null) await rename(join(root, PATH), join(root, kept))
  await disk.replace(join(root, PATH), JSON.stringify(registry), 'document', PATH)
  await disk.close()
  const others = problemsOf(findings).filter(({ at }) => !at.startsWith(PATH))
  return [
    ...(damaged === null ? [] : [`the damaged registry is kept as ${kept}`]),
    ...lines,
    ...others.map((finding) => `still damaged: ${showFinding(finding)}`),
  ]
}
