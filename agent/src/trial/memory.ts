import { createHash } from 'node:crypto'
import type { Checkpoint, Epoch, ImageSet, InitialWeights, WeightTensor } from '@pawprint/engine'
import { AgentError } from '../errors.ts'
import type { TrialCompileOptions, TrialFitOptions } from '../types.ts'
import type { SavedFit, SavedTrial } from './checkpointFile.ts'
import { fingerprintOf } from './fingerprint.ts'

/** Equal for equal values. */
export const keyOf = (...values: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('hex')

/** Options of a compilation for a key: weights that are given stand for themselves by a digest. */
export const withDigest = ({ initialWeights, ...options }: TrialCompileOptions): object => ({
  ...options,
  initialWeights: digestOf(initialWeights),
})

function digestOf(weights: InitialWeights | undefined): string | undefined {
  if (weights === undefined || typeof weights === 'string') return weights
  const hash = createHash('sha256')
  for (const { name, shape, data } of weights as readonly WeightTensor[])
    hash.update(`${name} ${shape} `).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return hash.digest('hex')
}

/** Whatever options there are, now or later, belong to it: another value is another training. */
const fitKey = (data: ImageSet, { validation, ...options }: TrialFitOptions): string =>
  keyOf(options, fingerprintOf(data), validation ? fingerprintOf(validation) : null)

/** How a call of `fit` begins. */
export type Beginning =
  /** With training, from a checkpoint if there is one. */
  | { readonly type: 'train'; readonly from: Checkpoint | undefined }
  /** All of it was trained before: only its epochs are told again. */
  | { readonly type: 'replay'; readonly epochs: readonly Epoch[] }

/**
 * What one run remembers of its calls of `fit`, so that a checkpoint says how to come there again; and where a checkpoint of an
 * earlier attempt brings it back to.
 */
export interface Memory {
  /** Throws AgentError E_CHECKPOINT when the earlier attempt asked for something else. */
  begin(data: ImageSet, options: TrialFitOptions): Beginning
  /** An epoch is about to be yielded. */
  onEpoch(epoch: Epoch): void
  /** False for epochs that an earlier attempt has told. */
  isNew(epoch: Epoch): boolean
  /** Throws AgentError E_CHECKPOINT while the model is ahead of the train function, which then would see what it never saw. */
  requireSame(): void
  /** What to keep so that this checkpoint can be found again. */
  saved(checkpoint: Checkpoint): SavedTrial
}

/**
 * `run` and `compiled` name the run among those of its trial; `before` is its checkpoint, if the last attempt left one.
 * `onMismatch` is told what is thrown, for a train function may catch it.
 */
export function createMemory(
  run: number,
  compiled: string,
  before: SavedTrial | undefined,
  onMismatch: (error: AgentError) => void,
): Memory {
  const mismatch = (expected: string, got: string): AgentError => {
    const error = new AgentError('E_CHECKPOINT', 'checkpoint', expected, got)
    onMismatch(error)
    return error
  }
  if (before !== undefined && before.compiled !== compiled)
    throw mismatch('the model and options of the earlier attempt', 'others')
  const told = new WeakSet<Epoch>(
    [...(before?.fits ?? []), ...(before ? [before.checkpoint] : [])].flatMap((fit) => fit.epochs),
  )
  const fits: SavedFit[] = []
  let now: { keyOf: () => string; epochs: Epoch[] } | undefined
  /** Epochs of the present call that the model is ahead of; the last of them may be the place where it stands. */
  let replaying: { readonly left: number; readonly standsAtEnd: boolean } = { left: 0, standsAtEnd: true }

  const end = (): void => {
    if (now !== undefined) fits.push({ key: now.keyOf(), epochs: now.epochs })
    now = undefined
  }
  return {
    begin(data, options) {
      end()
      const place = fits.length
      // Fingerprints take a while for large sets, and many trials never need one.
      let key: string | undefined
      const own = { keyOf: () => (key ??= fitKey(data, options)), epochs: [] as Epoch[] }
      now = own
      const past = before?.fits[place]
      const from = before !== undefined && place === before.fits.length ? before.checkpoint : undefined
      const expected = past?.key ?? (from ? before?.key : undefined)
      if (expected !== undefined && expected !== own.keyOf())
        throw mismatch('the data and options of the earlier attempt', 'others')
      if (past !== undefined) {
        replaying = { left: past.epochs.length, standsAtEnd: false }
        return { type: 'replay', epochs: past.epochs }
      }
      if (from !== undefined) replaying = { left: from.epochs.length, standsAtEnd: from.partial.samples === 0 }
      return { type: 'train', from }
    },
    onEpoch(epoch) {
      now?.epochs.push(epoch)
      replaying = told.has(epoch) ? { ...replaying, left: replaying.left - 1 } : { left: 0, standsAtEnd: true }
    },
    isNew: (epoch) => !told.has(epoch),
    requireSame() {
      if (replaying.left > 0 || !replaying.standsAtEnd)
        throw mismatch('a train function that looks at its model after training only', 'one that looks in between')
    },
    saved: (checkpoint) => ({ run, compiled, fits: [...fits], key: now?.keyOf() ?? '', checkpoint }),
  }
}
