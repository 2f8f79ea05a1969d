import { basename, dirname, join } from 'node:path'

/** A file or a folder, whatever its names are. */
export interface Inode {
  readonly id: number
  readonly isFolder: boolean
  /** What the folder holds now; empty for files. */
  readonly entries: Map<string, Inode>
}

/** One change of a disk. Nothing of it lasts before a `sync` of its inode that began later. */
export type Op =
  /** Names in one folder, all at once or not at all; null takes a name away. */
  | { readonly type: 'entries'; readonly inode: Inode; readonly changes: ReadonlyMap<string, Inode | null> }
  | { readonly type: 'write'; readonly inode: Inode; readonly position: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly inode: Inode; readonly sizeBytes: number }
  /** `began`: how many operations were there when it began; those are durable now. */
  | { readonly type: 'sync'; readonly inode: Inode; readonly began: number }

/** All changes below one folder, in the order in which they were done. */
export interface Journal {
  /** An absolute path; it was there, empty, and is durable. */
  readonly base: string
  readonly top: Inode
  readonly ops: readonly Op[]
  /** What has this path now. */
  at(path: string): Inode | undefined
  /** Makes `path` the name of `inode`, of a new file, or of a new folder. */
  name(path: string, what: Inode | 'file' | 'folder'): Inode
  forget(path: string): void
  rename(from: string, to: string): void
  add(op: Exclude<Op, { type: 'entries' }>): void
}

export function createJournal(base: string): Journal {
  const ops: Op[] = []
  let ids = 0
  const newInode = (isFolder: boolean): Inode => ({ id: ++ids, isFolder, entries: new Map() })
  const top = newInode(true)
  const at = (path: string): Inode | undefined => {
    if (path === base) return top
    return path === dirname(path) ? undefined : at(dirname(path))?.entries.get(basename(path))
  }
  const change = (folder: string, changes: ReadonlyMap<string, Inode | null>): void => {
    const inode = at(folder)
    if (inode === undefined) throw new Error(`${folder}: expected a folder that was made while the journal was kept`)
    for (const [name, to] of changes) {
      if (to === null) inode.entries.delete(name)
      else inode.entries.set(name, to)
    }
    ops.push({ type: 'entries', inode, changes })
  }
  return {
    base,
    top,
    ops,
    at,
    name(path, what) {
      const inode = typeof what === 'string' ? newInode(what === 'folder') : what
      change(dirname(path), new Map([[basename(path), inode]]))
      return inode
    },
    forget(path) {
      // What lies below goes first, as rm does it.
      for (const name of at(path)?.entries.keys() ?? []) this.forget(join(path, name))
      change(dirname(path), new Map([[basename(path), null]]))
    },
    rename(from, to) {
      const inode = at(from)
      if (inode === undefined) throw new Error(`${from}: expected what the journal knows`)
      const [gone, come] = [[basename(from), null] as const, [basename(to), inode] as const]
      if (dirname(from) === dirname(to)) return change(dirname(to), new Map<string, Inode | null>([gone, come]))
      change(dirname(to), new Map([come]))
      change(dirname(from), new Map([gone]))
    },
    add: (op) => void ops.push(op),
  }
}
