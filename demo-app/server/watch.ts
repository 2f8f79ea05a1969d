import { mkdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { watch } from 'chokidar'
import { CURRENT, DEPLOYED, tasksIn } from './folder.ts'

/**
 * chokidar reports less than happens (measured on Linux): of two renames 2 to 20 ms apart the second is dropped, and a file
 * that comes right after its folder may be. So what happens is a hint to look, now and again after these many ms.
 */
const LOOK_AGAIN_MS = [150, 1_000]
/** File systems that report nothing (network mounts) are looked at this often, in ms; an unchanged task costs two `stat`s. */
const LOOK_ANYWAY_MS = 5_000

export interface Watching {
  close(): Promise<void>
}

/** The task of a path that matters: `deployed/<task>/current.json`; null for every other. */
function taskOf(folder: string, path: string): string | null {
  const [deployed, task, file, ...rest] = relative(folder, path).split(sep)
  return deployed === DEPLOYED && task !== undefined && file === CURRENT && rest.length === 0 ? task : null
}

function isOnTheWay(folder: string, path: string): boolean {
  const [deployed = '', task, file] = relative(folder, path).split(sep)
  return deployed === '' || (deployed === DEPLOYED && (task === undefined || file === undefined))
}

/** Turns a hint into a look now and some later; further hints put the later ones off. */
function createHints(look: () => void): { hint: () => void; close: () => void } {
  const timers = new Map<number, NodeJS.Timeout>()
  return {
    hint() {
      look()
      for (const ms of LOOK_AGAIN_MS) {
        clearTimeout(timers.get(ms))
        timers.set(ms, setTimeout(look, ms))
      }
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}

/**
 * Calls `look` with each task of the folder, now and whenever its current.json may have changed. The folder is made if it is
 * missing: the demo may be started first. Resolves when all that is there now has been looked at.
 */
export async function watchFolder(folder: string, look: (task: string) => Promise<void>): Promise<Watching> {
  await mkdir(join(folder, DEPLOYED), { recursive: true })
  const known = new Set<string>()
  async function lookAtAll(): Promise<void> {
    for (const task of await tasksIn(folder)) known.add(task)
    await Promise.all([...known].map(look))
  }
  const lookNow = (): void => {
    lookAtAll().catch((error: unknown) => console.error(`Looking at ${folder}: ${String(error)}`))
  }
  const hints = createHints(lookNow)
  const watcher = watch(folder, {
    depth: 2,
    ignoreInitial: true,
    ignored: (path) => !isOnTheWay(folder, path) && taskOf(folder, path) === null,
  })
  watcher.on('all', hints.hint)
  // What the system said, before chokidar thins it out. The folder itself says much that is not about deployments.
  watcher.on('raw', (_event, _path, details) => {
    if ((details as { watchedPath?: unknown }).watchedPath !== folder) hints.hint()
  })
  // A watch that fails (too many open files) leaves the regular look, which is slower but right.
  watcher.on('error', (error) => console.error(`Watching ${folder}: ${String(error)}. Looking every 5 s instead.`))
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()))
  await lookAtAll()
  const regular = setInterval(lookNow, LOOK_ANYWAY_MS)

  return {
    async close() {
      clearInterval(regular)
      hints.close()
      await watcher.close()
    },
  }
}
