import { problemsOf, showFinding } from '../check/finding.ts'
import { checkFolder } from '../check/folder.ts'
import { repairFolder } from '../check/repair.ts'
import { removeStaleTemps } from '../check/temps.ts'
import { rebuildFolder } from '../rebuild/folder.ts'
import { collectGarbage } from '../service/upkeep.ts'
import { withLock, withStore } from './offline.ts'

type Say = (line: string) => void
/** Told now and then during long work. */
export type Progress = (what: string, done: number, total: number) => void

/** Answers how many problems there are. */
async function tell(root: string, say: Say, onProgress: Progress): Promise<number> {
  const findings = await checkFolder(root, { onProgress })
  for (const finding of findings) say(showFinding(finding))
  const problems = problemsOf(findings).length
  say(`${root}: ${problems} problems, ${findings.length - problems} notes`)
  return problems
}

export const fsck = (data: string, repair: boolean, say: Say, onProgress: Progress): Promise<number> =>
  withLock(
    data,
    async (root) => {
      if (repair) {
        const repaired = await repairFolder(root, await checkFolder(root, { onProgress }))
        for (const finding of repaired) say(`repaired ${showFinding(finding)}`)
      }
      return tell(root, say, onProgress)
    },
    !repair,
  )

/** A folder whose records cannot all be read is refused: what they name is not known. */
export const gc = (data: string, graceMs: number, say: Say): Promise<void> =>
  withStore(data, async (store, root) => {
    const collected = await collectGarbage(store, graceMs)
    for (const { sha1, sizeBytes } of collected) say(`removed ${sha1}, ${sizeBytes} bytes`)
    const temps = await removeStaleTemps(root, store.world.nowMs())
    const sizeBytes = collected.reduce((sum, blob) => sum + blob.sizeBytes, 0)
    say(`${root}: removed ${collected.length} weights, ${sizeBytes} bytes, and ${temps} temp files`)
  })

/** Answers how many problems are left. */
export const rebuild = (data: string, nowMs: number, say: Say, onProgress: Progress): Promise<number> =>
  withLock(data, async (root) => {
    for (const line of await rebuildFolder(root, nowMs)) say(line)
    return tell(root, say, onProgress)
  })
