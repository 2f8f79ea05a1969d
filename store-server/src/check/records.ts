import { type Deployment, ProtocolError } from '@pawprint/protocol'
import type { JobRecord, ModelRecord } from '../core/records.ts'
import { deploymentFrom, jobFrom, modelFrom, type Registry, registryFrom } from '../service/stored.ts'
import { createDisk } from '../storage/disk.ts'
import { createDocuments } from '../storage/documents.ts'
import { StorageError } from '../storage/storage.ts'
import { ADVICE, type Finding, problem } from './finding.ts'
import { type FoundLog, findLogs, readLog } from './logs.ts'
import type { FolderEntry } from './walk.ts'

/** What the records of a data folder say. A record that cannot be read is a finding, and is left out. */
export interface FoundRecords {
  registry: Registry | null
  /** By the id and the sha1 of their path. */
  readonly jobs: Map<string, JobRecord>
  readonly models: Map<string, ModelRecord>
  /** Models that have a document with topology and evaluation. */
  readonly details: Set<string>
  readonly deployments: Map<string, Deployment[]>
  readonly logs: readonly FoundLog[]
}

const unreadable = (at: string, error: unknown, advice: string): Finding => {
  if (error instanceof StorageError) return problem(at, error.expected, error.got, advice)
  if (error instanceof ProtocolError) return problem(`${at} ${error.at}`.trim(), error.expected, error.got, advice)
  throw error
}

/** Reads every document and every history of deployments. */
export async function readAllRecords(root: string, entries: readonly FolderEntry[], findings: Finding[]) {
  const documents = createDocuments(root, createDisk(root))
  const found: FoundRecords = {
    registry: null,
    jobs: new Map(),
    models: new Map(),
    details: new Set(),
    deployments: new Map(),
    logs: await findLogs(root, entries, findings),
  }
  const read = async (path: string, take: (name: string, value: unknown) => void, advice: string): Promise<void> => {
    const name = path.slice(0, -'.json'.length)
    try {
      take(name, await documents.read(name))
    } catch (error) {
      findings.push(unreadable(path, error, advice))
    }
  }
  for (const { path, place, isFile } of entries) {
    if (!isFile) continue
    if (place.type === 'registry')
      await read(path, (_, value) => (found.registry = registryFrom(value)), `${ADVICE.restore} Or: ${ADVICE.rebuild}`)
    if (place.type === 'job')
      await read(path, (name, value) => found.jobs.set(place.id, jobFrom(name, value)), ADVICE.restore)
    if (place.type === 'model')
      await read(path, (name, value) => found.models.set(place.sha1, modelFrom(name, value)), ADVICE.restore)
    if (place.type === 'details') await read(path, () => found.details.add(place.sha1), ADVICE.restore)
  }
  for (const log of found.logs)
    if (log.place.type === 'deployments')
      found.deployments.set(log.place.task, await readDeployments(root, log, findings))
  return found
}

async function readDeployments(root: string, log: FoundLog, findings: Finding[]): Promise<Deployment[]> {
  const deployments: Deployment[] = []
  findings.push(
    ...(await readLog(root, log, (record, number) => {
      try {
        deployments.push(deploymentFrom(record))
      } catch (error) {
        findings.push(unreadable(`${log.path} record ${number}`, error, ADVICE.restore))
      }
    })),
  )
  return deployments
}
