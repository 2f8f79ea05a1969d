import {
  type DataReport,
  type DataViolation,
  type FoundData,
  type FromAgent,
  parse,
  Task as TaskSchema,
} from '@pawprint/protocol'
import { lookAt } from './dataReport.ts'
import { changesBetween, type FolderContents } from './datasets/folder/contents.ts'
import type { FolderState, FolderWatch, WatchTimes } from './datasets/folder/watchFolders.ts'
import type { Dataset } from './datasets/types.ts'
import { AgentError } from './errors.ts'
import type { Assignment } from './trial/assignment.ts'
import { messageOf } from './trial/thrown.ts'
import type { NotebookDefinition, Task } from './types.ts'

type Said = Extract<FromAgent, { type: 'data' }>

/** What the trials of a job are given. */
export interface JobData {
  readonly data: Dataset | undefined
  readonly task: Task
  /** What data that were read anew are not as expected in. */
  readonly violations: readonly DataViolation[]
}

/** What the store is to know of folders that were read anew. */
export interface ReadAnew {
  readonly classNames: readonly string[]
  readonly report: DataReport | null
}

/** The data set of a notebook: watched where it is made of folders, and read anew for jobs that ask for it. */
export interface FolderData {
  /** A notebook was registered: its data set takes the place of the former one's, and the store is told what is in it. */
  use(definition: NotebookDefinition): void
  /** For a trial. Rejects when the folders are to be read anew and cannot be. */
  of(assignment: Pick<Assignment, 'job' | 'newData'>): Promise<JobData>
  /** Says again what is in the folders. */
  report(): void
  /** What the store knows as the last training's. */
  onTrained(data: string | null): void
  close(): Promise<void>
}

export interface FolderDataSettings {
  readonly say: (message: Said) => void
  /** Something a person should read. */
  readonly tell: (text: string) => void
  /** The notebook is to be registered with these classes and this report. */
  readonly onRead: (read: ReadAnew) => void
  readonly times?: WatchTimes
}

interface State {
  definition: NotebookDefinition | undefined
  /** What jobs get that do not ask for more. */
  present: JobData | undefined
  /** What the latest job got that asked for the folders to be read anew. */
  fresh: { readonly job: string; readonly data: Promise<JobData> } | undefined
  found: FolderState | undefined
  watch: FolderWatch | undefined
  since: string | null
  /** What a trial was given last. */
  given: FolderContents | undefined
  /** Of the images of the last training; null where nothing is known of them here. */
  baseline: FolderContents | null
}

export function createFolderData(settings: FolderDataSettings): FolderData {
  const { tell } = settings
  const state: State = {
    definition: undefined,
    present: undefined,
    fresh: undefined,
    found: undefined,
    watch: undefined,
    since: null,
    given: undefined,
    baseline: null,
  }
  const report = (): void => {
    const said = state.found && saidOf(state.found, state.since, state.baseline)
    if (said !== undefined) settings.say(said)
  }
  const onFound = (found: FolderState): void => {
    const before = state.found
    state.found = found
    if (found.type === 'problem') tell(`the folders cannot be trained on: ${found.message}`)
    if (JSON.stringify(briefly(before)) !== JSON.stringify(briefly(found))) report()
  }
  /** Later trainings are compared with these images, also after a restart. */
  const remember = async ({ data }: JobData): Promise<void> => {
    await data?.folder
      ?.remember()
      .catch((error: unknown) =>
        tell(
          `what is trained on could not be noted, so that after a restart nobody knows what is new: ${messageOf(error)}`,
        ),
      )
  }
  const reload = async (): Promise<JobData> => {
    const next = await reloaded(state)
    state.present = next.job
    settings.onRead({ classNames: next.job.task.classNames, report: next.report })
    return next.job
  }
  return {
    use(definition) {
      const { data, task } = definition
      const isSame = data !== undefined && data === state.definition?.data
      state.definition = definition
      // The cell is run again: what was read anew meanwhile stays, unless that has other classes than are offered now.
      if (isSame && areSame(state.present?.task.classNames, task.classNames)) return
      state.present = { data, task, violations: [] }
      state.fresh = undefined
      if (isSame) return
      void state.watch?.close()
      const contents = data?.folder?.contents
      state.found = contents && { type: 'found', contents, leftOut: data?.files?.broken.length ?? 0 }
      state.watch = data?.folder?.watch(onFound, tell, settings.times)
      report()
    },
    async of({ job, newData }) {
      if (newData !== undefined && state.fresh?.job !== job) {
        const data = reload()
        state.fresh = { job, data }
        data.catch(() => {
          if (state.fresh?.data === data) state.fresh = undefined
        })
      }
      const found = state.fresh?.job === job ? await state.fresh.data : requirePresent(state)
      state.given = found.data?.folder?.contents
      await remember(found)
      return found
    },
    report,
    onTrained(data) {
      state.since = data
      void baselineOf(state, data).then((baseline) => {
        // Meanwhile another training may have finished.
        if (state.since !== data) return
        state.baseline = baseline
        report()
      })
    },
    async close() {
      await state.watch?.close()
    },
  }
}

const areSame = (a: readonly string[] | undefined, b: readonly string[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

function requirePresent({ present }: State): JobData {
  if (present === undefined) throw new AgentError('E_TRAIN', 'data', 'a registered notebook', 'none')
  return present
}

/** The folders as they are now, and the task that this makes. Throws DatasetError; ProtocolError for a task that cannot be without a class. */
async function reloaded(state: State): Promise<{ readonly job: JobData; readonly report: DataReport | null }> {
  const { data, task } = requirePresent(state)
  if (data?.folder === undefined)
    throw new AgentError('E_TRAIN', 'data', 'a notebook registered with a data set of folders', 'another one')
  const next = await data.folder.reload()
  const { classNames } = next.task
  const isOtherTask = !areSame(classNames, data.task.classNames)
  // A requirement may name a class that is gone.
  if (isOtherTask) parse(TaskSchema, { ...task, classNames })
  const nextTask = isOtherTask ? { ...task, classNames } : task
  const { expectations = [] } = state.definition ?? {}
  const { report, violations } = await lookAt({ data: next, expectations }, nextTask)
  return { job: { data: next, task: nextTask, violations }, report }
}

async function baselineOf({ present, found, given }: State, id: string | null): Promise<FolderContents | null> {
  if (id === null) return null
  const at = [given, present?.data?.folder?.contents, found?.type === 'found' ? found.contents : undefined]
  return at.find((contents) => contents?.id === id) ?? (await present?.data?.folder?.recall(id)) ?? null
}

/** What of it the store is told. */
const briefly = (state: FolderState | undefined): unknown =>
  state?.type === 'found' ? [state.contents.id, state.contents.images.length, state.leftOut] : state

function saidOf(state: FolderState, since: string | null, baseline: FolderContents | null): Said {
  if (state.type === 'problem') return { type: 'data', found: null, problem: state.message.slice(0, 4096) }
  const { contents, leftOut } = state
  const changes = since === null || baseline?.id !== since ? null : changesBetween(baseline, contents)
  const found: FoundData = { data: contents.id, images: contents.images.length, leftOut, since, changes }
  return { type: 'data', found }
}
