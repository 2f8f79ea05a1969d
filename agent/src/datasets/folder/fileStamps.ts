import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { sideBySide } from '../pixels/sideBySide.ts'

/** A file that was changed a moment ago may change again without its times' moving on: clocks of file systems are coarse. Milliseconds. */
const SETTLED_MS = 2_000

/** What `stat` says of a file's content. */
export interface Stamp {
  readonly text: string
  /** When it changed last, Unix time in milliseconds. */
  readonly changedMs: number
}

export const stampOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): Stamp => ({
  text: `${ino} ${size} ${mtimeMs} ${ctimeMs}`,
  changedMs: Math.max(mtimeMs, ctimeMs),
})

/** One text for each file, in order; null for one that is gone or closed to us. */
export async function stampsOf(paths: readonly string[]): Promise<readonly (string | null)[]> {
  const stamps: (string | null)[] = []
  await sideBySide(paths.length, async (index) => {
    const found = await stat(paths[index] as string).catch(() => null)
    stamps[index] = found === null ? null : stampOf(found).text
  })
  return stamps
}

/** Hashes of files that need not be read again, by path. */
export interface HashMemo {
  /** The hash of a file that has not changed since it was read. */
  find(path: string, stamp: Stamp): string | undefined
  /** `stamp` is of before the file was read. */
  keep(path: string, stamp: Stamp, sha256: string, nowMs: number): void
}

export function createHashMemo(): HashMemo {
  const known = new Map<string, { readonly text: string; readonly sha256: string }>()
  return {
    find(path, { text }) {
      const found = known.get(path)
      return found?.text === text ? found.sha256 : undefined
    },
    keep(path, { text, changedMs }, sha256, nowMs) {
      if (changedMs < nowMs - SETTLED_MS) known.set(path, { text, sha256 })
      else known.delete(path)
    },
  }
}
