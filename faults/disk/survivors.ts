import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Inode, Journal, Op } from './journal.ts'

/** A disk keeps or drops what was not synced in pieces of this size. */
const BLOCK_BYTES = 4096

/** Whether something that was not synced lasts all the same: asked once for each operation, or block of a write. */
export type Luck = () => boolean

interface Disk {
  readonly entries: ReadonlyMap<Inode, ReadonlyMap<string, Inode>>
  readonly contents: ReadonlyMap<Inode, Buffer>
}

const resized = (content: Buffer, sizeBytes: number): Buffer =>
  Buffer.concat([content.subarray(0, sizeBytes), Buffer.alloc(Math.max(0, sizeBytes - content.length))])

/** The bytes after a write of which each block lasts, or not; the file may have grown without them. */
function written(content: Buffer, { position, bytes }: Extract<Op, { type: 'write' }>, lasts: Luck): Buffer {
  let after = content
  const end = position + bytes.length
  for (let start = position; start < end; ) {
    const next = Math.min(end, (Math.floor(start / BLOCK_BYTES) + 1) * BLOCK_BYTES)
    if (lasts()) {
      if (after.length < next) after = resized(after, next)
      else if (after === content) after = Buffer.from(content)
      after.set(bytes.subarray(start - position, next - position), start)
    }
    start = next
  }
  return after.length < end && lasts() ? resized(after, end) : after
}

/** What a power cut after the first `count` operations leaves. */
function replay(ops: readonly Op[], count: number, luck: Luck): Disk {
  const done = ops.slice(0, count)
  const durable = new Map<Inode, number>()
  for (const op of done) if (op.type === 'sync') durable.set(op.inode, Math.max(durable.get(op.inode) ?? 0, op.began))
  const entries = new Map<Inode, Map<string, Inode>>()
  const contents = new Map<Inode, Buffer>()
  done.forEach((op, i) => {
    const { inode } = op
    const lasts: Luck = i < (durable.get(inode) ?? 0) ? () => true : luck
    const content = contents.get(inode) ?? Buffer.alloc(0)
    switch (op.type) {
      case 'entries': {
        if (!lasts()) return
        const names = entries.get(inode) ?? new Map<string, Inode>()
        entries.set(inode, names)
        for (const [name, to] of op.changes) {
          if (to === null) names.delete(name)
          else names.set(name, to)
        }
        return
      }
      case 'write':
        contents.set(inode, written(content, op, lasts))
        return
      case 'truncate':
        if (lasts()) contents.set(inode, resized(content, op.sizeBytes))
        return
      case 'sync':
    }
  })
  return { entries, contents }
}

/** Writes into `folder`, which must not exist, what lasts of a journal whose power was cut after `count` operations. */
export async function restore(journal: Journal, count: number, luck: Luck, folder: string): Promise<void> {
  const { entries, contents } = replay(journal.ops, count, luck)
  const put = async (inode: Inode, path: string): Promise<void> => {
    if (!inode.isFolder) return writeFile(path, contents.get(inode) ?? '', { mode: 0o600 })
    await mkdir(path, { mode: 0o700 })
    for (const [name, below] of entries.get(inode) ?? []) await put(below, join(path, name))
  }
  await put(journal.top, folder)
}
