import {
  type Config,
  checkValue,
  defaultConfig,
  type Field,
  type FromAgent,
  type Notebook,
  ProtocolError,
  resolveConfig,
} from '@pawprint/protocol'
import { unheard } from './newData.ts'
import type { NotebookRecord } from './records.ts'

export type Registration = Extract<FromAgent, { type: 'register' }>

const MAX_SECONDS_KEPT = 50

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * Current values under a new schema: those that a person changed stay where they still fit; the others follow the notebook's
 * new defaults, so that an edited cell has its effect.
 */
export function carryConfig(before: Pick<Notebook, 'schema' | 'config'>, schema: readonly Field[]): Config {
  const config = defaultConfig(schema)
  for (const field of schema) {
    const old = before.schema.find(({ key }) => key === field.key)
    const value = before.config[field.key]
    if (!old || value === undefined || same(value, old.default)) continue
    try {
      config[field.key] = checkValue(field, value)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
  }
  return config
}

/** The notebook that a registration makes: a new one, or `before` with what its kernel says now. It is connected and idle. */
export function registerNotebook(
  before: NotebookRecord | null,
  name: string,
  instance: string,
  registration: Registration,
  now: string,
): NotebookRecord {
  const { task, schema, data, engine, cores, slots, host, pid } = registration
  const kept = before?.notebook
  const config = kept ? carryConfig(kept, schema) : defaultConfig(schema)
  return {
    notebook: {
      name,
      task,
      ...(data === undefined ? {} : { data }),
      state: 'idle',
      since: now,
      schema,
      config,
      // An undo leads back to values that the schema still knows, or nowhere.
      previousConfig: kept && same(kept.schema, schema) ? kept.previousConfig : null,
      engine,
      cores,
      job: null,
      trialSeconds: kept?.trialSeconds ?? null,
    },
    requested: registration.name,
    instance,
    host,
    pid,
    slots,
    heardAt: now,
    seconds: before?.seconds ?? [],
  }
}

/** A dropped config, applied. Throws ProtocolError E_CONFIG or E_GRID and changes nothing. */
export function dropConfig(record: NotebookRecord, dropped: unknown) {
  const { notebook } = record
  const answer = resolveConfig(notebook.schema, notebook.config, dropped)
  const changed: NotebookRecord =
    answer.changed.length === 0
      ? record
      : { ...record, notebook: { ...notebook, config: answer.config, previousConfig: notebook.config } }
  return { record: changed, answer }
}

/** The state that follows from its connection and its job. */
export function presentNotebook(
  record: NotebookRecord,
  presence: 'live' | 'unreachable' | 'gone',
  job: string | null,
  since: string,
): NotebookRecord {
  const state = presence !== 'live' ? presence : job === null ? 'idle' : 'busy'
  const { notebook } = record
  if (state === notebook.state && job === notebook.job) return record
  const next: NotebookRecord = {
    ...record,
    notebook: { ...notebook, state, job, since: state === notebook.state ? notebook.since : since },
  }
  // Of a kernel that is not heard nobody knows whether it still counts down, or what is in its folders.
  return presence === 'live' ? next : withExit({ ...next, notebook: unheard(next.notebook) }, null)
}

/** A notebook that counts down to its end, or with null does not. */
export function withExit(record: NotebookRecord, exit: Notebook['exit'] | null): NotebookRecord {
  const { exit: _former, ...notebook } = record.notebook
  return { ...record, notebook: exit ? { ...notebook, exit } : notebook }
}

/** One more finished trial in the median that estimates are made from. */
export function addSeconds(record: NotebookRecord, seconds: number): NotebookRecord {
  const kept = [...record.seconds, seconds].slice(-MAX_SECONDS_KEPT)
  const sorted = kept.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2
  return { ...record, seconds: kept, notebook: { ...record.notebook, trialSeconds: median } }
}
