import { inspect } from 'node:util'
import type { Evaluation } from '@pawprint/engine'
import { duration, paramsText, percent } from '../format.ts'
import type { Trial } from '../types.ts'
import type { Outcome } from '../wire/outbox.ts'
import type { Upload } from '../wire/upload.ts'
import { titleOf } from './assignment.ts'
import { withConsole } from './console.ts'
import { modelReport, weightsFile } from './modelReport.ts'
import { type OpenTrial, openTrial, type TrialSettings } from './trial.ts'

const MAX_REASON_LENGTH = 4000

/** Why a trial is broken off without an outcome: another kernel has it, or this one is shut down and the store starts it anew. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}

export interface ExecuteSettings extends TrialSettings {
  readonly train: (trial: Trial) => Promise<Evaluation>
  readonly upload: (file: Upload, signal: AbortSignal, onRetry: (reason: string) => void) => Promise<void>
}

/** How a trial ended; `file` is what it uploaded. */
export interface Ended {
  readonly outcome: Outcome
  readonly file?: Upload
}

/** Trains one trial and brings its weights to the store. Never rejects: every end is an outcome, or null when abandoned. */
export async function executeTrial(settings: ExecuteSettings): Promise<Ended | null> {
  const { assignment, signal, nowMs } = settings
  const open = openTrial(settings)
  const title = titleOf(assignment.trial)
  const startedMs = nowMs()
  try {
    open.log(`${title}: ${paramsText(assignment.params)}, seed ${assignment.seed}`, 'info')
    const { train } = settings
    const write: OpenTrial['log'] = (text, level) => open.log(`${title}: ${text}`, level)
    const answer = await withConsole(write, () => orAborted(signal, async () => train(open.trial)))
    return await publish(settings, open, answer, startedMs)
  } catch (error) {
    if (signal.aborted) {
      if (signal.reason instanceof Abandoned) return null
      return { outcome: { type: 'cancelled', reason: messageOf(signal.reason) } }
    }
    open.log(`${title}: ${stackOf(error)}`, 'error')
    return { outcome: { type: 'failed', reason: describe(error), permanent: true } }
  } finally {
    // The trial has its outcome, whatever becomes of its worker.
    await open.close().catch((error: unknown) => open.log(`${title}: ${stackOf(error)}`, 'warn'))
  }
}

async function publish(settings: ExecuteSettings, open: OpenTrial, answer: unknown, startedMs: number): Promise<Ended> {
  const { assignment, signal, task, nowMs } = settings
  const title = titleOf(assignment.trial)
  const finished = await open.finish(answer)
  const seconds = (nowMs() - startedMs) / 1000
  open.log(`${title}: trained in ${duration(seconds)}, test accuracy ${percent(finished.evaluation.accuracy)}`, 'info')
  const file = weightsFile(finished.weights)
  const model = modelReport(finished, task, file.sha1)
  await settings.upload(file, signal, (reason) => open.log(`${title}: upload waits: ${reason}`, 'warn'))
  return { outcome: { type: 'done', model, seconds }, file }
}

/** `body`'s result, or the signal's reason as soon as it aborts: a train function may wait for what never comes. */
function orAborted<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    if (signal.aborted) reject(signal.reason)
    else body().then(resolve, reject)
  })
}

const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))

const STACK_LINES = 6

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, STACK_LINES).join('\n') : textOf(error)

// Code may throw anything: `[object Object]` would help nobody.
const textOf = (thrown: unknown): string => (typeof thrown === 'string' ? thrown : inspect(thrown))

/** The message with the first line of the stack that says where. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return textOf(error).slice(0, MAX_REASON_LENGTH)
  const place = error.stack
    ?.split('\n')
    .find((line) => /^\s+at /.test(line))
    ?.trim()
  const name = error.name === 'Error' ? '' : `${error.name}: `
  return `${name}${error.message}${place === undefined ? '' : ` (${place})`}`.slice(0, MAX_REASON_LENGTH)
}
