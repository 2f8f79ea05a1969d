import { Deployment, Job, Model, Notebook, parse, Sha1, Task } from '@pawprint/protocol'
import { type JobSummary, summaryOfJob } from '../core/jobs.ts'
import { type ModelSummary, summaryOfModel } from '../core/models.ts'
import type { CheckpointRecord, JobRecord, ModelRecord, NotebookRecord } from '../core/records.ts'
import { type Kind, StorageError } from '../storage/storage.ts'
import { FORMAT_VERSION } from './changes.ts'

// The border between documents on disk and the store: unknown comes in, records or one error go out.

const damaged = (at: string, expected: string, got: unknown): StorageError =>
  new StorageError('E_CORRUPT', at, expected, String(got).slice(0, 80))

function asObject(at: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(at, 'an object', value)
  return value as Readonly<Record<string, unknown>>
}

function asList(at: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw damaged(at, 'a list', value)
  return value
}

function asText(at: string, value: unknown): string {
  if (typeof value !== 'string') throw damaged(at, 'a text', value)
  return value
}

function asNumber(at: string, value: unknown): number {
  if (typeof value !== 'number') throw damaged(at, 'a number', value)
  return value
}

function notebookFrom(value: unknown): NotebookRecord {
  const record = asObject('registry.notebooks', value)
  return {
    notebook: parse(Notebook, record.notebook),
    requested: asText('requested', record.requested),
    instance: asText('instance', record.instance),
    host: asText('host', record.host),
    pid: asNumber('pid', record.pid),
    slots: asNumber('slots', record.slots),
    heardAt: asText('heardAt', record.heardAt),
    seconds: asList('seconds', record.seconds).map((seconds) => asNumber('seconds', seconds)),
  }
}

export interface Registry {
  readonly notebooks: readonly NotebookRecord[]
  readonly tasks: readonly { readonly task: Task; readonly pinned: boolean }[]
  readonly counters: { jobs: number; models: number }
}

/** Throws StorageError E_CORRUPT, also for a folder that a newer version wrote. */
export function registryFrom(value: unknown): Registry {
  const document = asObject('registry', value)
  if (document.version !== FORMAT_VERSION)
    throw damaged(
      'registry.version',
      `${FORMAT_VERSION} (another version of Pawprint wrote this folder)`,
      document.version,
    )
  const counters = asObject('registry.counters', document.counters)
  return {
    notebooks: asList('registry.notebooks', document.notebooks).map(notebookFrom),
    tasks: asList('registry.tasks', document.tasks).map((item) => {
      const { task, pinned } = asObject('registry.tasks', item)
      return { task: parse(Task, task), pinned: pinned === true }
    }),
    counters: { jobs: asNumber('counters.jobs', counters.jobs), models: asNumber('counters.models', counters.models) },
  }
}

function checkpointFrom(name: string, value: unknown): CheckpointRecord | null {
  if (value === null) return null
  const { sha1, step, progress, furthest } = asObject(name, value)
  return {
    sha1: parse(Sha1, sha1),
    step: asNumber(name, step),
    progress: asNumber(name, progress),
    furthest: asNumber(name, furthest),
  }
}

export function jobFrom(name: string, value: unknown): JobRecord {
  const record = asObject(name, value)
  const job = parse(Job, record.job)
  // A folder from before there were checkpoints has no list of them.
  const checkpoints = record.checkpoints === undefined ? job.trials.map(() => null) : asList(name, record.checkpoints)
  return {
    job,
    requestId: record.requestId === null ? null : asText(name, record.requestId),
    rank: asNumber(name, record.rank),
    stopping: record.stopping === true,
    leases: asList(name, record.leases).map((leases) => asList(name, leases).map((lease) => asText(name, lease))),
    forgiven: asList(name, record.forgiven).map((attempts) => asNumber(name, attempts)),
    checkpoints: checkpoints.map((checkpoint) => checkpointFrom(name, checkpoint)),
  }
}

export function modelFrom(name: string, value: unknown): ModelRecord {
  const record = asObject(name, value)
  return { model: parse(Model, record.model), number: asNumber(name, record.number), served: record.served === true }
}

export const deploymentFrom = (value: unknown): Deployment => parse(Deployment, value)

// Records that `summarize` below checked and the storage gave back.
export const unpackJob = (packed: Uint8Array): JobRecord => JSON.parse(Buffer.from(packed).toString()) as JobRecord
export const unpackModel = (packed: Uint8Array): ModelRecord =>
  JSON.parse(Buffer.from(packed).toString()) as ModelRecord

/** What a start knows of the jobs and models before anyone asks for them. */
export const JOBS: Kind<JobSummary> = {
  folder: 'jobs',
  leaf: 'job',
  version: 1,
  summarize(name, value) {
    const record = jobFrom(name, value)
    return { summary: summaryOfJob(record), record }
  },
}
export const MODELS: Kind<ModelSummary> = {
  folder: 'models',
  leaf: 'model',
  version: 2,
  summarize(name, value) {
    const record = modelFrom(name, value)
    return { summary: summaryOfModel(record), record }
  },
}
