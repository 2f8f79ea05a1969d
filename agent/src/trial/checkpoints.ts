import type { Uploaded } from '../wire/letters.ts'
import type { Upload } from '../wire/upload.ts'
import { type SavedTrial, writeCheckpoint } from './checkpointFile.ts'
import { hashed } from './hashed.ts'

export interface Checkpoints {
  /** Brings it to the store, soon; one that still waits when the next comes is left out. */
  save(saved: SavedTrial, progress: number): void
  /** Resolves when the last one is there, after `ms` at the latest. */
  finish(ms: number): Promise<void>
  /** No more are needed: resolves when the one under way is there. */
  drain(): Promise<void>
  /** Breaks off what is under way. */
  close(): void
}

export interface CheckpointsSettings {
  /** Rejects for good when the store refuses. */
  readonly upload: (file: Upload, signal: AbortSignal) => Promise<void>
  readonly tell: (uploaded: Uploaded) => void
  readonly onFailed: (error: unknown) => void
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number
}

/** Uploading takes at most one part in this many of the time, unless a checkpoint has waited for the second number. */
const SHARE = 20
const LONGEST_WAIT_MS = 60_000

/** Brings checkpoints to the store, one at a time, the newest first. */
export function createCheckpoints({ upload, tell, onFailed, nowMs }: CheckpointsSettings): Checkpoints {
  const closing = new AbortController()
  let waiting: { readonly saved: SavedTrial; readonly progress: number } | undefined
  let working: Promise<void> | undefined
  let pause: { readonly timer: NodeJS.Timeout; readonly end: () => void } | undefined
  let isLast = false

  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(pause?.timer)
        pause = undefined
        resolve()
      }
      pause = { timer: setTimeout(end, ms).unref(), end }
      if (isLast || closing.signal.aborted) end()
    })
  const work = async (): Promise<void> => {
    for (let next = waiting; next !== undefined && !closing.signal.aborted; next = waiting) {
      waiting = undefined
      const startedMs = nowMs()
      const file = await hashed(writeCheckpoint(next.saved), 'checkpoint')
      await upload(file, closing.signal)
      if (closing.signal.aborted) return
      tell({ sha1: file.sha1, step: next.saved.checkpoint.step, progress: next.progress })
      await rest(Math.min(LONGEST_WAIT_MS, (nowMs() - startedMs) * (SHARE - 1)))
    }
  }
  return {
    save(saved, progress) {
      if (closing.signal.aborted || !hasNumbersOnly(saved)) return
      waiting = { saved, progress }
      working ??= work()
        .catch((error: unknown) => {
          waiting = undefined
          if (!closing.signal.aborted) onFailed(error)
        })
        .finally(() => {
          working = undefined
        })
    },
    async finish(ms) {
      isLast = true
      pause?.end()
      const late = new Promise<void>((resolve) => setTimeout(resolve, ms).unref())
      await Promise.race([working, late])
    },
    async drain() {
      waiting = undefined
      isLast = true
      pause?.end()
      await working
    },
    close() {
      closing.abort(new Error('the trial has ended'))
      pause?.end()
    },
  }
}

/** A validation loss may be no number; JSON has none such, and what has become infinite is not worth going on from. */
const hasNumbersOnly = ({ fits, checkpoint }: SavedTrial): boolean =>
  [...fits.flatMap(({ epochs }) => epochs), ...checkpoint.epochs].every((epoch) =>
    Object.values(epoch).every(Number.isFinite),
  )
