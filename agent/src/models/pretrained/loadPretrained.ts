import { createHash } from 'node:crypto'
import { type Model, parametersOf, type WeightTensor } from '@pawprint/engine'
import { AgentError } from '../../errors.ts'
import { type Matched, matchWeights } from './matchWeights.ts'
import { readAnySafetensors } from './safetensorsFile.ts'
import { readGroup, readManifest } from './tfjsFile.ts'
import { fromTorch } from './torchNames.ts'
import { MAX_JSON_BYTES, MAX_WEIGHTS_BYTES, openWeightFolder, surroundings, type WeightFolder } from './weightFiles.ts'

export interface PretrainedOptions {
  /**
   * What the weights must be, 64 hex digits: of a safetensors file; of TensorFlow.js's files, `model.json` and then the others in its
   * order, put together (`cat model.json group1-shard* | sha256sum`). Default: not checked, but told.
   */
  readonly sha256?: string
  /** Layers of the model that get no weights, by name: new ones, whose shapes differ from the file's. The last layer needs no naming. */
  readonly except?: readonly string[]
  /** Aborting rejects with the signal's reason; a download goes on from there the next time. */
  readonly signal?: AbortSignal
}

/** Weights for a model, as `initialWeights` takes them, and where they came from. */
export interface Pretrained extends Matched {
  /** Of the files; null for weights that were given. */
  readonly sha256: string | null
  /** One line for a log. */
  readonly text: string
}

/**
 * Finds weights for a model's layers: in a safetensors file (of any library; PyTorch's names and layouts are translated) or in files of
 * TensorFlow.js, `model.json` and those beside it, on this machine or on the web; or among weights that are at hand. The model is only
 * read: give `weights` to `compile` as `initialWeights`, and what they leave out, a new head, is drawn by the seed.
 *
 * Downloads are kept in the user's cache and not made again. Throws AgentError `E_WEIGHTS` for a file that is broken or does not fit,
 * naming the layer; `E_OPTION`; DatasetError for a download that fails.
 */
export async function loadPretrained(
  model: Model,
  source: string | readonly WeightTensor[],
  options: PretrainedOptions = {},
): Promise<Pretrained> {
  return loadFrom(model, source, options, surroundings())
}

/** The same, from surroundings that a test makes up. */
export async function loadFrom(
  model: Model,
  source: string | readonly WeightTensor[],
  { sha256, except = [], signal }: PretrainedOptions,
  around: ReturnType<typeof surroundings>,
): Promise<Pretrained> {
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    throw new AgentError('E_OPTION', 'loadPretrained: sha256', '64 hex digits', JSON.stringify(sha256))
  const read =
    typeof source === 'string'
      ? await readChecked(await openWeightFolder(source, around, signal), sha256?.toLowerCase())
      : { tensors: source, sha256: null }
  const matched = matchWeights(await parametersOf(model), fromTorch(read.tensors), except)
  return { ...matched, sha256: read.sha256, text: textOf(matched, read.sha256) }
}

interface Read {
  readonly tensors: readonly WeightTensor[]
  readonly sha256: string
}

/** Downloaded files that are not what they must be are fetched once more: the cache may be of an earlier day. */
async function readChecked(folder: WeightFolder, expected: string | undefined): Promise<Read> {
  for (let isLast = false; ; isLast = true) {
    try {
      const read = await readFiles(folder)
      if (expected === undefined || read.sha256 === expected) return read
      throw new AgentError(
        'E_WEIGHTS',
        `${folder.place}: ${folder.main}`,
        `files with SHA-256 ${expected}`,
        read.sha256,
      )
    } catch (error) {
      if (expected === undefined || !(error instanceof AgentError)) throw error
      if (!(await folder.forget()) || isLast) throw error
    }
  }
}

async function readFiles(folder: WeightFolder): Promise<Read> {
  const { place, main } = folder
  const hash = createHash('sha256')
  if (!main.endsWith('.json')) {
    const bytes = await folder.read(main, MAX_WEIGHTS_BYTES)
    return { tensors: readAnySafetensors(bytes, main), sha256: hash.update(bytes).digest('hex') }
  }
  const json = await folder.read(main, MAX_JSON_BYTES)
  hash.update(json)
  const tensors: WeightTensor[] = []
  let left = MAX_WEIGHTS_BYTES
  for (const group of readManifest(json, main)) {
    const parts: Uint8Array[] = []
    for (const path of group.paths) {
      const part = await folder.read(path, left)
      left -= part.length
      hash.update(part)
      parts.push(part)
    }
    tensors.push(...readGroup(group, Buffer.concat(parts), place))
  }
  return { tensors, sha256: hash.digest('hex') }
}

function textOf({ taken, left, unused, matchedBy }: Matched, sha256: string | null): string {
  const some = (names: readonly string[]): string =>
    names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
  const parts = [
    `${taken.length} of ${taken.length + left.length} layers begin with given weights, found by ${matchedBy}`,
    left.length > 0 ? `drawn anew: ${some(left)}` : '',
    unused.length > 0 ? `without a place: ${some(unused)}` : '',
    sha256 === null ? '' : `SHA-256 ${sha256}`,
  ]
  return parts.filter((part) => part !== '').join('; ')
}
