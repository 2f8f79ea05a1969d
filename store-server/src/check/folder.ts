import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { show } from '@pawprint/protocol'
import { referencedWeights } from '../core/references.ts'
import { errnoOf } from '../storage/errno.ts'
import { StorageError } from '../storage/storage.ts'
import { checkDeployments, checkJobs, checkModels } from './consistency.ts'
import { checkCurrent } from './current.ts'
import { checkFiles } from './files.ts'
import { ADVICE, type Finding, note, problem } from './finding.ts'
import { checkJobLog } from './logs.ts'
import { type FoundRecords, readAllRecords } from './records.ts'
import { entriesOf, type FolderEntry } from './walk.ts'
import { checkWeights } from './weights.ts'

export interface CheckOptions {
  /** Told while it goes on: how many files of a kind were checked, of how many. */
  readonly onProgress?: (what: string, done: number, total: number) => void
}

/**
 * Checks a whole data folder and changes nothing: every record and every byte of weights, and what they say about each other.
 * Nothing else may write to the folder meanwhile. Empty when all is as it should be. Throws StorageError E_NOT_FOUND when
 * `dir` is no data folder, E_CORRUPT when its layout is another one.
 */
export async function checkFolder(dir: string, { onProgress = () => {} }: CheckOptions = {}): Promise<Finding[]> {
  const root = resolve(dir)
  const entries = await entriesOf(root)
  const findings = await checkLayout(root)
  const found = await readAllRecords(root, entries, findings)
  findings.push(
    ...checkRegistry(entries, found),
    ...checkJobs(found),
    ...checkModels(found),
    ...checkDeployments(found),
  )
  const logs = found.logs.flatMap((log) => (log.place.type === 'deployments' ? [] : [{ log, id: log.place.id }]))
  for (const [i, { log, id }] of logs.entries()) {
    findings.push(...(await checkJobLog(root, log, found.jobs.get(id))))
    onProgress('logs', i + 1, logs.length)
  }
  const needed = neededBy(found)
  findings.push(
    ...(await checkWeights(root, entries, found, needed, (done, total) => onProgress('weights', done, total))),
    ...(await checkFiles(root, entries)),
    ...(await checkCurrent(root, entries, found)),
  )
  return findings.sort((a, b) => Number(a.level === 'note') - Number(b.level === 'note'))
}

/** The weights that the records of a folder name, each with who needs it. */
const neededBy = (found: FoundRecords): ReturnType<typeof referencedWeights> =>
  referencedWeights({
    jobs: found.jobs.values(),
    models: found.models.values(),
    tasks: [...found.deployments].map(([name, deployments]) => ({ task: { name }, deployments })),
  })

async function checkLayout(root: string): Promise<Finding[]> {
  const text = await readFile(join(root, 'layout'), 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  })
  if (text === null)
    return [note('layout', 'layout 1', 'no file', ADVICE.start, { type: 'write', path: 'layout', text: '1\n' })]
  if (text.trim() !== '1') throw new StorageError('E_CORRUPT', join(root, 'layout'), 'layout 1', show(text.trim()))
  return []
}

/** A registry may be missing only before anything else is there. */
function checkRegistry(entries: readonly FolderEntry[], found: FoundRecords): Finding[] {
  if (found.registry || entries.some(({ place }) => place.type === 'registry')) return []
  const others = entries.filter(({ place }) => ['job', 'model', 'blob', 'deployments'].includes(place.type))
  if (others.length === 0) return []
  return [problem('registry.json', `the registry of ${others.length} records and weights`, 'no file', ADVICE.rebuild)]
}
