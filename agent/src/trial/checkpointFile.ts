import type { Checkpoint, Epoch } from '@pawprint/engine'
import { MAX_STORE_FRAME_BYTES, parseJson } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'

/** A call of `fit` that has ended: what was asked, as a digest, and the epochs it gave. */
export interface SavedFit {
  readonly key: string
  readonly epochs: readonly Epoch[]
}

/** Where an attempt stood, so that the next one can be brought there by running the same train function again. */
export interface SavedTrial {
  /** Which call of `compile` made the model under training, from 0, and what it was given, as a digest. */
  readonly run: number
  readonly compiled: string
  /** Calls of that run's `fit` before the one under way. */
  readonly fits: readonly SavedFit[]
  /** What the call under way was asked, as a digest. */
  readonly key: string
  readonly checkpoint: Checkpoint
}

const MAGIC = 'pawprint checkpoint 1\n'
const BYTES_PER_VALUE = 4

/**
 * The file of a checkpoint: a line that says what it is; a line with the length of the JSON that follows, in bytes; the JSON; then the
 * vectors that it names by length, as float32 in this machine's byte order (all that Node runs on today are little-endian).
 */
export function writeCheckpoint({ checkpoint, ...rest }: SavedTrial): Uint8Array {
  const { weights, slots, best, ...counts } = checkpoint
  const vectors = [weights, ...slots, ...(best === null ? [] : [best.weights])]
  const state = { ...rest, ...counts, best: best === null ? null : { epoch: best.epoch, loss: best.loss } }
  const json = Buffer.from(JSON.stringify({ state, lengths: vectors.map(({ length }) => length) }))
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
    Buffer.from(buffer, byteOffset, byteLength)
  return Buffer.concat([Buffer.from(`${MAGIC}${json.length}\n`), json, ...vectors.map(bytesOf)])
}

/** What `writeCheckpoint` was given. Throws AgentError E_CHECKPOINT for other or damaged bytes. */
export function readCheckpoint(bytes: Uint8Array): SavedTrial {
  const { json, rest } = splitFile(bytes)
  const { state, lengths } = parseHeader(json)
  if (rest.length !== lengths.reduce((sum, length) => sum + length, 0) * BYTES_PER_VALUE)
    throw bad(`${lengths} numbers`, `${rest.length} bytes`)
  // A copy begins at a multiple of four bytes, wherever these lay.
  const numbers = new Float32Array(new Uint8Array(rest).buffer)
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0))
  const vectors = lengths.map((length, i) => numbers.slice(starts[i], (starts[i] ?? 0) + length))
  const { best, step, epochsDone, epochs, partial, ...place } = state
  const bestWeights = best === null ? undefined : vectors.pop()
  const [weights = new Float32Array(), ...slots] = vectors
  return {
    ...place,
    checkpoint: {
      step,
      epochsDone,
      epochs,
      partial,
      best: best === null || bestWeights === undefined ? null : { ...best, weights: bestWeights },
      weights,
      slots,
    },
  }
}

type State = Omit<SavedTrial, 'checkpoint'> &
  Omit<Checkpoint, 'weights' | 'slots' | 'best'> & { best: { epoch: number; loss: number } | null }

const bad = (expected: string, got: string): AgentError => new AgentError('E_CHECKPOINT', 'checkpoint', expected, got)

function splitFile(bytes: Uint8Array): { json: string; rest: Uint8Array } {
  const textOf = (start: number, end: number): string => new TextDecoder().decode(bytes.subarray(start, end))
  const magic = textOf(0, MAGIC.length)
  const end = bytes.indexOf('\n'.charCodeAt(0), MAGIC.length)
  const length = Number(textOf(MAGIC.length, Math.max(end, MAGIC.length)))
  if (magic !== MAGIC || end < 0 || !Number.isSafeInteger(length) || length < 2)
    throw bad('a checkpoint of this version', `${JSON.stringify(magic)} …`)
  return { json: textOf(end + 1, end + 1 + length), rest: bytes.subarray(end + 1 + length) }
}

// The bytes have the SHA-1 under which an agent uploaded them, so that only their outermost form is looked at.
function parseHeader(json: string): { state: State; lengths: number[] } {
  try {
    const { state, lengths } = parseJson(json, MAX_STORE_FRAME_BYTES) as { state: State; lengths: number[] }
    if (Array.isArray(lengths) && Array.isArray(state.fits) && Array.isArray(state.epochs)) return { state, lengths }
  } catch (error) {
    throw bad('JSON', error instanceof Error ? error.message : String(error))
  }
  throw bad('the state of a trial', json.slice(0, 80))
}
