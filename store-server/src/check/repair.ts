import { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createDisk } from '../storage/disk.ts'
import type { Finding, Repair } from './finding.ts'

/** Puts right what can be without a loss; answers what was done. Whoever calls it holds the lock of the folder. */
export async function repairFolder(dir: string, findings: readonly Finding[]): Promise<Finding[]> {
  const root = resolve(dir)
  const disk = createDisk(root)
  const repaired: Finding[] = []
  for (const finding of findings) {
    if (finding.repair === undefined) continue
    await apply(root, disk, finding.repair)
    repaired.push(finding)
  }
  await disk.close()
  return repaired
}

async function apply(root: string, disk: ReturnType<typeof createDisk>, repair: Repair): Promise<void> {
  const path = join(root, repair.path)
  if (repair.type === 'remove') return disk.remove(path)
  if (repair.type === 'write') return disk.replace(path, repair.text, 'repair', repair.path)
  const handle = await open(path, 'r+')
  try {
    await handle.truncate(repair.sizeBytes)
    await disk.sync(handle, repair.path)
  } finally {
    await handle.close()
  }
}
