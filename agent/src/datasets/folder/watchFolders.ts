import { createHash } from 'node:crypto'
import { watch } from 'chokidar'
import { messageOf } from '../../trial/thrown.ts'
import type { FolderContents } from './contents.ts'
import { stampsOf } from './fileStamps.ts'
import { type FolderFile, MAX_DEPTH } from './folderFiles.ts'

/** Milliseconds. */
export interface WatchTimes {
  /** Nothing is said before the files have stood still for so long: a copy of ten thousand is one change. */
  readonly settleMs: number
  /** File systems that report nothing (network mounts) are looked at this often. */
  readonly lookAnywayMs: number
}

export const WATCH_TIMES: WatchTimes = { settleMs: 2_000, lookAnywayMs: 30_000 }

/** What is in the folders, or why they cannot be read as a data set. */
export type FolderState =
  | { readonly type: 'found'; readonly contents: FolderContents; readonly leftOut: number }
  | { readonly type: 'problem'; readonly message: string }

export interface FolderWatch {
  close(): Promise<void>
}

export interface Watched {
  readonly folders: readonly string[]
  /** Their pictures' files. */
  list(): Promise<readonly FolderFile[]>
  /** Their contents, read anew where files have changed. */
  read(): Promise<{ readonly contents: FolderContents; readonly leftOut: number }>
}

/** Which files there are, and what `stat` says of each, in one short text; or why that cannot be said. */
async function signatureOf({ list }: Watched): Promise<string> {
  try {
    const files = await list()
    const stamps = await stampsOf(files.map(({ path }) => path))
    const lines = files.map(({ path }, i) => `${path}\n${stamps[i]}`)
    return createHash('sha256').update(lines.join('\n')).digest('hex')
  } catch (error) {
    return `problem: ${messageOf(error)}`
  }
}

const stateOf = ({ read }: Watched): Promise<FolderState> =>
  read().then(
    (found) => ({ type: 'found', ...found }),
    (error: unknown) => ({ type: 'problem', message: messageOf(error) }),
  )

/**
 * Only folders are watched, not each file: ten thousand files would use up what the system grants. What it reports is a hint to look; a look
 * compares what `stat` says with the look before.
 */
function watchForHints(folders: readonly string[], hint: () => void, tell: (text: string) => void): FolderWatch {
  const watcher = watch([...folders], {
    ignoreInitial: true,
    persistent: false,
    depth: MAX_DEPTH + 1,
    ignored: (_path, stats) => stats?.isFile() === true,
  })
  watcher.on('all', hint)
  watcher.on('raw', hint)
  watcher.on('ready', hint)
  watcher.on('error', (error) =>
    tell(`Watching ${folders.join(', ')}: ${messageOf(error)}. Looking now and then instead.`),
  )
  return watcher
}

/**
 * Calls `listener` with what is in the folders, first soon, then after each change, once the files have stood still. A folder that is
 * missing is a problem, not an error, and is found again when it is back. `tell` hears of what a person should know.
 */
export function watchFolders(
  watched: Watched,
  listener: (state: FolderState) => void,
  tell: (text: string) => void,
  { settleMs, lookAnywayMs }: WatchTimes = WATCH_TIMES,
): FolderWatch {
  let seen = ''
  let told = ''
  let isClosed = false
  let soon: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()

  const lookSoon = (): void => {
    if (isClosed || soon !== undefined) return
    soon = setTimeout(() => {
      soon = undefined
      looking = looking.then(look)
    }, settleMs).unref()
  }
  const look = async (): Promise<void> => {
    const signature = await signatureOf(watched)
    const isStill = signature === seen
    seen = signature
    if (isClosed || (isStill && signature === told)) return
    if (!isStill) return lookSoon()
    const state = await stateOf(watched)
    // What changed while it was read is read again.
    if ((await signatureOf(watched)) !== signature) return lookSoon()
    if (isClosed) return
    if (told.startsWith('problem') && state.type === 'found') reopen()
    told = signature
    listener(state)
  }
  const open = (): FolderWatch => watchForHints(watched.folders, lookSoon, tell)
  let hints = open()
  // A folder that was deleted and made again is another one to the system.
  const reopen = (): void => {
    void hints.close()
    hints = open()
  }
  lookSoon()
  const regular = setInterval(lookSoon, lookAnywayMs).unref()
  return {
    async close() {
      isClosed = true
      clearInterval(regular)
      clearTimeout(soon)
      await looking
      await hints.close()
    },
  }
}
