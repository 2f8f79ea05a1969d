import { lstat, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { entriesOf } from './walk.ts'

const KEPT_MS = 24 * 60 * 60 * 1000

/** Removes the temp files that were last written to more than a day before `nowMs`: their process is dead. Answers how many. */
export async function removeStaleTemps(root: string, nowMs: number): Promise<number> {
  let removed = 0
  for (const { path, place, isFile } of await entriesOf(root)) {
    if (place.type !== 'temp' || !isFile) continue
    const { mtimeMs } = await lstat(join(root, path)).catch(() => ({ mtimeMs: nowMs }))
    if (nowMs - mtimeMs <= KEPT_MS) continue
    await rm(join(root, path), { force: true })
    removed++
  }
  return removed
}
