import { describeChanges, type Job, type Model, type Notebook, type NotebookData, shortSha1 } from '@pawprint/protocol'
import { plural } from '@pawprint/ui/format'

/** What is in a notebook's folders, in sentences. */
export interface DataNews {
  readonly text: string
  /** Something is there that nothing was trained on, as far as that is known. */
  readonly isNew: boolean
  /** The folders cannot be trained on. */
  readonly isBad: boolean
}

const SINCE = 'since the last training'

/** Null for a notebook that never said what is in its folders. */
export function newsOf({ newData }: Pick<Notebook, 'newData'>): DataNews | null {
  if (newData === undefined) return null
  const { found, problem, trained } = newData
  if (problem !== undefined) return { text: `Its folders cannot be trained on. ${problem}`, isNew: false, isBad: true }
  if (found === null) return { text: 'What is in its folders shows up once it is heard.', isNew: false, isBad: false }
  const told = (text: string, isNew: boolean): DataNews => ({
    text: `${text}.${leftOutText(found)}`,
    isNew,
    isBad: false,
  })
  if (trained === null) return told(`${plural(found.images, 'image')}, none trained on yet`, true)
  if (found.data === trained) return told(`No new images ${SINCE}`, false)
  if (found.since !== trained) return told('Counting new images', false)
  if (found.changes === null)
    return told('Other images than in the last training; how many are new is not known here', true)
  return told(`${describeChanges(found.changes)} ${SINCE}`, true)
}

const leftOutText = ({ leftOut }: NonNullable<NotebookData['found']>): string =>
  leftOut === 0 ? '' : ` ${plural(leftOut, 'file')} cannot be read as ${leftOut === 1 ? 'a picture' : 'pictures'}.`

/** The job that trains a notebook on new data, queued or running. */
export const newDataJob = (jobs: readonly Job[], notebook: string): Job | undefined =>
  jobs.find(
    (job) =>
      job.notebook === notebook && job.newData !== undefined && job.reproduces === undefined && job.endedAt === null,
  )

/** Whether a training by itself is due for what is there, or what it waits for. */
export function automaticText({ state, newData }: Pick<Notebook, 'state' | 'newData'>): string {
  if (newData?.automatic == null) return 'Off: nothing is trained by itself.'
  const { atLeast } = newData.automatic
  if (state === 'gone' || state === 'unreachable') return 'On. Waits until the notebook is back.'
  if (newData.trained === null) return 'On, after a first training by hand.'
  return `On. Trains once ${plural(atLeast, 'new image is', 'new images are')} there and nothing has changed for a minute.`
}

/** Models that a training may begin with, newest first, and what a list calls them. */
export function beginnings(
  models: Iterable<Model>,
  task: string,
  deployed: string | null,
): { readonly value: string; readonly text: string }[] {
  const whole = [...models].filter((model) => model.task === task && model.finite && model.damagedAt === undefined)
  const others = whole.filter(({ sha1 }) => sha1 !== deployed).slice(0, MAX_CHOICES)
  return [
    { value: '', text: 'fresh weights' },
    ...(whole.some(({ sha1 }) => sha1 === deployed)
      ? [{ value: 'deployed', text: `the deployed ${shortSha1(deployed ?? '')}` }]
      : []),
    ...others.map(({ sha1 }) => ({ value: sha1, text: shortSha1(sha1) })),
  ]
}

const MAX_CHOICES = 50
