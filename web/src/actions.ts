import { type Automatic, type Job, type Model, type Params, shortSha1, type TaskStatus } from '@pawprint/protocol'
import { showToast } from '@pawprint/ui'
import * as api from './lib/api.ts'
import { loadOlderJobs } from './store.svelte.ts'

/** Runs a call of a button; a refusal is shown, not thrown, and then the answer is false. `what`: "Job 14 was not stopped". */
async function attempt(what: string, run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run()
    return true
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error
    showToast({ title: `${what}.`, detail: reasonOf(error), tone: 'bad' })
    return false
  }
}

/** A refusal in a sentence. */
export const reasonOf = ({ status, detail }: api.ApiError): string =>
  status === 409 && detail.expected === undefined ? `${detail.message} Look again, then decide.` : detail.message

export const stop = (job: Job): Promise<boolean> =>
  attempt(`Job ${job.number} was not stopped`, () => api.stopJob(job.id))

/** Moves a queued job to a place in its queue, 1 = next. */
export const move = (job: Job, position: number): Promise<boolean> =>
  attempt(`Job ${job.number} was not moved`, () => api.moveJob(job.id, position))

export const retry = (job: Job): Promise<boolean> =>
  attempt(`Job ${job.number} was not tried again`, () => api.retryJob(job.id))

export const forget = (name: string): Promise<boolean> =>
  attempt(`${name} was not forgotten`, () => api.forgetNotebook(name))

/** The countdown on the card begins anew when the notebook says so, not before. */
export const keep = (name: string): Promise<boolean> =>
  attempt(`${name} was not kept running`, () => api.keepNotebook(name))

/** Whoever else asked a moment before gets the same job. */
export async function trainOnNewData(notebook: string, initialWeights: string | null): Promise<boolean> {
  let job: Job | undefined
  const done = await attempt('Nothing was launched', async () => {
    job = await api.trainNotebook(notebook, initialWeights, api.newRequestId())
  })
  if (done && job) showToast({ title: `Job ${job.number} trains on new data`, detail: `On ${notebook}.` })
  return done
}

export const setAutomatic = (notebook: string, automatic: Automatic | null): Promise<boolean> =>
  attempt('Nothing was switched', () => api.putAutomatic(notebook, automatic))

/** The new token; null when it was refused. */
export async function replaceToken(scope: api.TokenScope): Promise<api.NewToken | null> {
  let made: api.NewToken | null = null
  await attempt('The token was not replaced', async () => {
    made = await api.rotateToken(scope)
  })
  return made
}

export const clear = (): Promise<boolean> => attempt('The store was not cleared', api.clearStore)

export const showOlder = (): Promise<boolean> => attempt('Older jobs could not be read', loadOlderJobs)

/** Deploys at once, and offers the way back. The screen changes when the store says so, not before. */
export async function deploy(task: TaskStatus, sha1: string): Promise<void> {
  const before = task.current?.sha1 ?? null
  const short = shortSha1(sha1)
  const done = await attempt(`${short} was not deployed`, () => api.deployModel(task.name, sha1, task.revision))
  if (!done) return
  const back = before === null || before === sha1 ? null : before
  showToast({
    title: `${short} is deployed for ${task.name}`,
    detail: back === null ? '' : `${shortSha1(back)} served before.`,
    sha1,
    about: task.name,
    action:
      back === null
        ? null
        : { label: 'Undo', run: () => void undoDeploy({ ...task, revision: task.revision + 1 }, back) },
  })
}

async function undoDeploy(task: TaskStatus, sha1: string): Promise<void> {
  const short = shortSha1(sha1)
  const done = await attempt(`${short} was not deployed again`, () => api.deployModel(task.name, sha1, task.revision))
  if (done) showToast({ title: `${short} is deployed again`, sha1, about: task.name })
}

export const pin = (task: TaskStatus, pinned: boolean): Promise<boolean> =>
  attempt(`${task.name} was not ${pinned ? 'pinned' : 'unpinned'}`, () => api.setPin(task.name, pinned))

/** Trains a model again: same values, same seed, so the same sha1. */
export async function launchAgain(model: Model, notebook: string): Promise<boolean> {
  const config: Params = { ...model.params, SEED: model.seed }
  const done = await attempt('Nothing was launched', () =>
    api.launchJob({ notebook, requestId: api.newRequestId(), config }),
  )
  if (done)
    showToast({
      title: `Launched on ${notebook}`,
      detail: `Seed ${model.seed}, the values of ${shortSha1(model.sha1)}.`,
    })
  return done
}

/** Trains a model again, exactly as its trial did; the verdict comes with the job's end. */
export async function reproduce(sha1: string): Promise<void> {
  const short = shortSha1(sha1)
  let job: Job | undefined
  const done = await attempt(`${short} is not trained again`, async () => {
    job = await api.reproduceModel(sha1)
  })
  if (done && job) showToast({ title: `Job ${job.number} trains ${short} again`, detail: `On ${job.notebook}.` })
}

/** Copies text, also without https, where the clipboard API is missing. */
export async function copyText(text: string, what: string): Promise<void> {
  if (await writeClipboard(text)) showToast({ title: `${what} copied` })
  else showToast({ title: `${what} was not copied.`, detail: 'The browser refused.', tone: 'bad' })
}

async function writeClipboard(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined)
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    )
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'vh'
  document.body.append(area)
  area.select()
  // Deprecated, and the only way where a page has no https.
  const done = document.execCommand('copy')
  area.remove()
  return done
}

/** Gives the browser a file to keep. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

/** Hands over the whole log of a job, copied or as a file. */
export async function takeLog(
  job: Job,
  way: 'copy' | 'save',
  render: (lines: Awaited<ReturnType<typeof api.getWholeLog>>) => string,
): Promise<void> {
  await attempt('The log could not be read', async () => {
    const text = render(await api.getWholeLog(job.id))
    if (way === 'save') saveFile(`job-${job.number}.log`, text)
    else await copyText(text, `Log of job ${job.number}`)
  })
}
