import { rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from './errno.ts'

/** Removes `folder`, if it is empty, and then those above it below `root`; syncs the first one that stays. */
export async function removeEmptyFolders(
  root: string,
  folder: string,
  syncFolder: (folder: string) => Promise<void>,
): Promise<void> {
  for (let at = folder; at !== root; at = dirname(at)) {
    // A folder may vanish at any of these steps: another removal in it does the same.
    try {
      await rmdir(at)
    } catch (error) {
      const code = errnoOf(error)
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error
      if (code !== 'ENOENT' && (await exists(() => syncFolder(at)))) return
    }
  }
  await syncFolder(root)
}

async function exists(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look()
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
