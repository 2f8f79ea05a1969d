import {
  type Automatic,
  type Config,
  checkValue,
  describeChanges,
  type Field,
  type FoundData,
  type Job,
  type Notebook,
  type NotebookData,
  ProtocolError,
  untrained,
} from '@pawprint/protocol'
import type { NotebookRecord } from './records.ts'

const NOTHING: NotebookData = { found: null, trained: null, automatic: null }

const withData = (record: NotebookRecord, change: (before: NotebookData) => NotebookData): NotebookRecord => ({
  ...record,
  notebook: { ...record.notebook, newData: change(record.notebook.newData ?? NOTHING) },
})

/** What is in the notebook's folders now, or why they cannot be trained on. */
export const withFound = (
  record: NotebookRecord,
  found: FoundData | null,
  problem: string | undefined,
): NotebookRecord =>
  withData(record, ({ trained, automatic }) => ({
    found,
    trained,
    automatic,
    ...(problem === undefined ? {} : { problem }),
  }))

/** A training on these images has finished. Where the folders hold just these, nothing in them is new. */
export const withTrained = (record: NotebookRecord, trained: string): NotebookRecord =>
  withData(record, (before) => ({
    ...before,
    trained,
    found:
      before.found?.data === trained
        ? { ...before.found, since: trained, changes: { added: 0, changed: 0, removed: 0 } }
        : before.found,
  }))

export const withAutomatic = (record: NotebookRecord, automatic: Automatic | null): NotebookRecord =>
  withData(record, (before) => ({ ...before, automatic }))

/** Nothing is known of the folders of a notebook that is not heard; what it was trained on, and the switch, stay. */
export const unheard = ({ newData, ...notebook }: Notebook): Notebook =>
  newData === undefined
    ? notebook
    : { ...notebook, newData: { ...NOTHING, trained: newData.trained, automatic: newData.automatic } }

/** A notebook that registers again, or for another of its name and task: what it was trained on, and the switch, stay. */
export function carryData(record: NotebookRecord, before: NotebookRecord | undefined): NotebookRecord {
  const { newData, task } = before?.notebook ?? {}
  if (newData === undefined || task?.name !== record.notebook.task.name) return record
  return { ...record, notebook: unheard({ ...record.notebook, newData }) }
}

/** The same after every model was deleted. */
export const untaught = (notebook: Notebook): Notebook =>
  notebook.newData === undefined ? notebook : { ...notebook, newData: { ...notebook.newData, trained: null } }

/**
 * The found data that an automatic training is due for, and null while none is: it is switched off, nothing was trained yet, too few
 * images are new, or that is not known.
 */
export function dueData({ state, newData }: Notebook): { found: FoundData; automatic: Automatic } | null {
  if (state !== 'idle' || newData === undefined) return null
  const { found, trained, automatic } = newData
  if (found?.changes == null || automatic === null || trained === null || found.since !== trained) return null
  return untrained(found.changes) < automatic.atLeast ? null : { found, automatic }
}

/** Values of an earlier job under the schema of now; those that do not fit any more are the notebook's own. */
export function configAgain(schema: readonly Field[], current: Config, last: Config): Config {
  const fitting = (field: Field): Config[string] => {
    try {
      return checkValue(field, last[field.key])
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return current[field.key] ?? field.default
    }
  }
  return Object.fromEntries(schema.map((field) => [field.key, fitting(field)]))
}

/** Whether its values are worth training with again: it left a model, and was no repetition of an older one. */
export const isTraining = ({ reproduces, trials }: Job): boolean =>
  reproduces === undefined && trials.some(({ state }) => state === 'done')

/** Why there is a new job, in a clause. `automatic`: null when a person asked. */
export function reasonOf(found: FoundData | null, automatic: Automatic | null, quietMs: number): string {
  const news = found?.changes ? `${describeChanges(found.changes)} since the last training` : null
  if (automatic === null) return `asked for by a person${news === null ? '' : ` (${news})`}`
  const wanted = `${automatic.atLeast} or more are waited for`
  return `by itself, as switched on: ${news}, where ${wanted}, and nothing changed for ${Math.round(quietMs / 1000)} s`
}
