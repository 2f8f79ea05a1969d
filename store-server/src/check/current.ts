import type { Deployment, Task } from '@pawprint/protocol'
import { verdictOfCurrent } from '../core/promotion.ts'
import { shownToDemos } from '../core/shown.ts'
import { createDisk } from '../storage/disk.ts'
import { createDocuments } from '../storage/documents.ts'
import { ADVICE, type Finding, note } from './finding.ts'
import type { FoundRecords } from './records.ts'
import { bytesOrNull, type FolderEntry } from './walk.ts'

/** The text of `current.json` for a deployment, or null when its model is not there. */
async function expectedText(
  root: string,
  found: FoundRecords,
  task: Task,
  deployment: Deployment,
): Promise<string | null> {
  const model = found.models.get(deployment.sha1)?.model
  if (!model || !found.details.has(model.sha1)) return null
  const details = await createDocuments(root, createDisk(root)).read(`models/${model.sha1}/details`)
  const { topology = null } = Object(details) as { topology?: unknown }
  // A model that does not know yet that it serves is put right by the next start, before this file is written.
  const knows = model.verdict.code === 'deployed' || model.verdict.code === 'failed-to-load'
  const whole = shownToDemos(model)
  const shown = knows ? whole : { ...whole, verdict: verdictOfCurrent(deployment) }
  return JSON.stringify({ deployment, task, model: shown, topology })
}

const revisionIn = (bytes: Buffer): string => {
  try {
    const { deployment } = Object(JSON.parse(bytes.toString('utf8')))
    return `revision ${String(Object(deployment).revision)} of ${String(Object(deployment).sha1)}`
  } catch {
    return `${bytes.length} bytes that are no JSON`
  }
}

/** The files that demos on this machine watch, against the registry that they are made from. */
export async function checkCurrent(
  root: string,
  entries: readonly FolderEntry[],
  found: FoundRecords,
): Promise<Finding[]> {
  if (!found.registry) return []
  const findings: Finding[] = []
  const known = new Set(found.registry.tasks.map(({ task }) => task.name))
  for (const { task } of found.registry.tasks) {
    const path = `deployed/${task.name}/current.json`
    const bytes = await bytesOrNull(root, path)
    const deployment = found.deployments.get(task.name)?.at(-1)
    if (!deployment) {
      if (bytes !== null)
        findings.push(
          note(path, 'no file, as nothing is deployed', revisionIn(bytes), ADVICE.start, { type: 'remove', path }),
        )
      continue
    }
    const text = await expectedText(root, found, task, deployment)
    if (text === null || bytes?.toString('utf8') === text) continue
    const expected = `the record of revision ${deployment.revision} of ${deployment.sha1}`
    const got = bytes === null ? 'no file' : `other bytes, of ${revisionIn(bytes)}`
    findings.push(note(path, expected, got, ADVICE.start, { type: 'write', path, text }))
  }
  for (const { path, place } of entries)
    if (place.type === 'current' && !known.has(place.task))
      findings.push(note(path, 'a task of the registry', place.task, ADVICE.foreign))
  return findings
}
