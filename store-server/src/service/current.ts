import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WriteCurrent } from './context.ts'

/**
 * `<folder>/<task>/current.json`, written whole or not at all: the demo on the same machine watches it. Derived from the
 * registry and rewritten at start, so it needs no fsync.
 */
export function createCurrentWriter(folder: string): WriteCurrent {
  return async (task, current) => {
    const path = join(folder, task, 'current.json')
    if (!current) return rm(path, { force: true })
    await mkdir(join(folder, task), { recursive: true, mode: 0o700 })
    // Rename is atomic only inside one file system, so the new file sits beside its target.
    const next = join(folder, task, `.current.${process.pid}.tmp`)
    const file = await open(next, 'w', 0o600)
    try {
      await file.writeFile(JSON.stringify(current))
    } finally {
      await file.close()
    }
    await rename(next, path)
  }
}
