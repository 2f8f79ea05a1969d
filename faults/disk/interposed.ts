// node:fs/promises with somebody who looks on: the storage under test gets this one (see crash.test.ts), and knows nothing of it.
import { constants } from 'node:fs'
import type * as RealFs from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Journal } from './journal.ts'

type Fs = typeof RealFs

/** Who looks on at what is done at or below `root`. */
export interface Onlooker {
  readonly root: string
  /** Before each operation; what it throws is what the operation fails with. */
  before?(operation: string, path: string): void
  /** Keeps what is done. `forgetsFolders`: as if syncing a folder had been forgotten. */
  readonly journal?: Journal
  readonly forgetsFolders?: boolean
}

let onlooker: Onlooker | null = null
const opened = new Map<FileHandle, string>()

/** Watched files that nobody has closed. */
export const leftOpen = (): string[] => [...opened.values()]

/** From now on, until the next call. */
export function lookOn(next: Onlooker | null): void {
  onlooker = next
}

/** The lock's sockets die with the process, so what a power cut leaves of it is no question. */
const isWatched = (path: string): boolean =>
  onlooker !== null &&
  (path === onlooker.root || path.startsWith(`${onlooker.root}/`)) &&
  !path.startsWith(join(onlooker.root, 'lock'))

const isPath = (path: unknown): path is string => typeof path === 'string' && isWatched(path)

const journalOf = (path: string): Journal | null => (isWatched(path) ? (onlooker?.journal ?? null) : null)

const tell = (operation: string, path: unknown): void => {
  if (isPath(path)) onlooker?.before?.(operation, path)
}

function watchHandle(handle: FileHandle, path: string): FileHandle {
  const journal = journalOf(path)
  const inode = journal?.at(path)
  const { write, read, sync, datasync, truncate, writeFile, close } = handle
  opened.set(handle, path)
  const synced = async (work: () => Promise<void>, operation: string): Promise<void> => {
    tell(operation, path)
    const began = journal?.ops.length ?? 0
    await work()
    if (journal && inode && !(inode.isFolder && onlooker?.forgetsFolders)) journal.add({ type: 'sync', inode, began })
  }
  return Object.assign(handle, {
    read: async (...args: Parameters<typeof read>) => {
      tell('read', path)
      return read.apply(handle, args)
    },
    write: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
      tell('write', path)
      const bytes = Uint8Array.from(buffer.subarray(offset, offset + length))
      const result: { bytesWritten: number } = await Reflect.apply(write, handle, [buffer, offset, length, position])
      if (journal && inode)
        journal.add({ type: 'write', inode, position, bytes: bytes.subarray(0, result.bytesWritten) })
      return result
    },
    writeFile: async (text: string) => {
      tell('write', path)
      await writeFile.call(handle, text)
      if (journal && inode) journal.add({ type: 'write', inode, position: 0, bytes: Buffer.from(text) })
    },
    truncate: async (sizeBytes = 0) => {
      tell('truncate', path)
      await truncate.call(handle, sizeBytes)
      if (journal && inode) journal.add({ type: 'truncate', inode, sizeBytes })
    },
    close: () => {
      opened.delete(handle)
      return close.call(handle)
    },
    sync: () => synced(() => sync.call(handle), 'sync'),
    datasync: () => synced(() => datasync.call(handle), 'datasync'),
  })
}

const makes = (flags: unknown): boolean =>
  typeof flags === 'string' ? flags.startsWith('w') : typeof flags === 'number' && (flags & constants.O_CREAT) !== 0

/** All operations that the storage uses; the others go through unseen. */
export function interpose(real: Fs): Fs {
  const passes = <K extends 'readFile' | 'readdir' | 'lstat' | 'statfs'>(name: K): Fs[K] => {
    const original: (...args: unknown[]) => unknown = real[name] as never
    const watched = async (...args: unknown[]) => {
      tell(name, args[0])
      return original(...args)
    }
    return watched as never
  }
  const changes = {
    async open(path: string, flags?: string | number, mode?: number) {
      tell('open', path)
      const handle = await real.open(path, flags, mode)
      if (!isPath(path)) return handle
      const journal = journalOf(path)
      const known = journal?.at(path)
      if (journal && !known && makes(flags)) journal.name(path, 'file')
      if (journal && known && flags === 'w') journal.add({ type: 'truncate', inode: known, sizeBytes: 0 })
      return watchHandle(handle, path)
    },
    async mkdir(path: string, options?: { recursive?: boolean; mode?: number }) {
      tell('mkdir', path)
      const first = await real.mkdir(path, options)
      const journal = journalOf(path)
      if (!journal) return first
      const name = (folder: string): void => {
        if (journal.at(folder)) return
        name(join(folder, '..'))
        journal.name(folder, 'folder')
      }
      name(path)
      return first
    },
    async rename(from: string, to: string) {
      tell('rename', to)
      await real.rename(from, to)
      journalOf(to)?.rename(from, to)
    },
    async link(from: string, to: string) {
      tell('link', to)
      await real.link(from, to)
      const journal = journalOf(to)
      const inode = journal?.at(from)
      if (journal && inode) journal.name(to, inode)
    },
    async rm(path: string, options?: { recursive?: boolean; force?: boolean }) {
      tell('rm', path)
      await real.rm(path, options)
      const journal = journalOf(path)
      if (journal?.at(path)) journal.forget(path)
    },
    async rmdir(path: string) {
      tell('rmdir', path)
      await real.rmdir(path)
      journalOf(path)?.forget(path)
    },
  }
  const reads = {
    readFile: passes('readFile'),
    readdir: passes('readdir'),
    lstat: passes('lstat'),
    statfs: passes('statfs'),
  }
  return { ...real, ...changes, ...reads } as Fs
}
