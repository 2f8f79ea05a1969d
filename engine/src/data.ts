import { EngineError } from './errors.ts'
import { sizeOf } from './ir/graph.ts'
import { show } from './layers/fields.ts'
import type { LossRule } from './losses/rule.ts'
import type { SharedSet } from './messages.ts'
import { type ModelSpec, sampleSize } from './model/spec.ts'
import type { ImageSet, Normalisation } from './types.ts'

/**
 * Checks a data set against a model and its loss, and puts it into shared memory: without copying when `images` already lies there.
 * Class weights go into the weights of samples.
 */
export function shareSet(
  data: ImageSet,
  model: ModelSpec,
  rule: LossRule,
  place: string,
  classWeights?: readonly number[],
): SharedSet {
  const { labels, classCount } = data
  const shape = [data.height, data.width, data.channels]
  if (`${shape}` !== `${model.inputShape}`)
    throw wrong(place, `images of [${model.inputShape}], the model's input`, `[${shape}]`)
  const expected = rule.expects(model.outputShape, classCount)
  if (expected !== null) throw wrong(`${place}.classCount`, `a model of ${expected}`, `${model.outputShape} outputs`)
  if (labels.length === 0) throw wrong(place, 'at least one image', 'none')
  requireImages(data.images, labels.length, model, `${place}.images`)
  const bad = labels.findIndex((label) => !(label >= 0 && label < classCount))
  if (bad >= 0) throw wrong(`${place}.labels[${bad}]`, `a class 0 ≤ x < ${classCount}`, `${labels[bad]}`)
  return {
    images: shareBytes(data.images),
    labels: shared(labels, Int32Array),
    targets: targetsOf(data, model, rule, place),
    sampleWeights: weightsOf(data, place, classWeights),
    classCount,
  }
}

function targetsOf(
  { targets, labels }: ImageSet,
  model: ModelSpec,
  rule: LossRule,
  place: string,
): Float32Array | null {
  if (rule.targets === 'unused') return null
  const count = labels.length * sizeOf(model.outputShape)
  const expected = `${count} finite numbers (${labels.length} × ${model.outputShape} outputs)`
  if (targets === undefined && rule.targets === 'optional') return null
  if (targets?.length !== count) throw wrong(`${place}.targets`, expected, `${targets?.length ?? 'none'}`)
  requireNumbers(`${place}.targets`, targets, Number.isFinite, 'a finite number')
  return shared(targets, Float32Array)
}

/** The weight of each sample times that of its class; null when all count the same. */
function weightsOf(
  { sampleWeights, labels, classCount }: ImageSet,
  place: string,
  classWeights: readonly number[] | undefined,
): Float32Array | null {
  if (sampleWeights === undefined && classWeights === undefined) return null
  const isWeight = (weight: number): boolean => Number.isFinite(weight) && weight >= 0
  if (sampleWeights !== undefined && sampleWeights.length !== labels.length)
    throw wrong(`${place}.sampleWeights`, `${labels.length} numbers, one per sample`, `${sampleWeights.length}`)
  if (classWeights !== undefined && classWeights.length !== classCount)
    throw wrong('classWeights', `${classCount} numbers, one per class`, `${classWeights.length}`)
  requireNumbers(`${place}.sampleWeights`, sampleWeights ?? [], isWeight, 'a finite number ≥ 0')
  requireNumbers('classWeights', classWeights ?? [], isWeight, 'a finite number ≥ 0')
  const weights = Float32Array.from(labels, (label, i) => (sampleWeights?.[i] ?? 1) * (classWeights?.[label] ?? 1))
  return shared(weights, Float32Array)
}

function requireNumbers(
  place: string,
  values: ArrayLike<number>,
  isRight: (x: number) => boolean,
  expected: string,
): void {
  const bad = Array.prototype.findIndex.call(values, (value: number) => !isRight(value))
  if (bad >= 0) throw wrong(`${place}[${bad}]`, expected, `${values[bad]}`)
}

function shared<T extends Int32Array | Float32Array>(
  values: ArrayLike<number>,
  type: new (buffer: SharedArrayBuffer) => T,
): T {
  const made = new type(new SharedArrayBuffer(4 * values.length))
  made.set(values)
  return made
}

/** Checks that `images` holds `count` images. */
export function requireImages(images: Uint8Array, count: number, model: ModelSpec, place: string): void {
  const expected = count * sampleSize(model)
  const { inputCount, inputShape } = model
  if (!(images instanceof Uint8Array)) throw wrong(place, 'a Uint8Array', typeof images)
  if (images.length !== expected)
    throw wrong(
      place,
      `${expected} bytes (${count} × ${inputCount === 1 ? '' : `${inputCount} × `}[${inputShape}])`,
      `${images.length}`,
    )
}

export function shareBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}

/** The default: bytes to 0 … 1. */
export const unitRange = (channels: number): Normalisation => ({
  scale: 1 / 255,
  mean: new Array<number>(channels).fill(0),
  std: new Array<number>(channels).fill(1),
})

/** Checks a normalisation against the model's channels. */
export function readNormalisation(given: Normalisation | undefined, model: ModelSpec): Normalisation {
  const [, , channels] = model.inputShape
  const { scale, mean, std } = given ?? unitRange(channels)
  if (!Number.isFinite(scale)) throw wrong('normalisation.scale', 'a finite number', show(scale))
  if (mean.length !== channels || !mean.every(Number.isFinite))
    throw wrong('normalisation.mean', `${channels} finite numbers, one per channel`, show(mean))
  if (std.length !== channels || !std.every((value) => Number.isFinite(value) && value > 0))
    throw wrong('normalisation.std', `${channels} numbers > 0, one per channel`, show(std))
  return { scale, mean: [...mean], std: [...std] }
}

/** Checks an integer option. */
export function requireInteger(place: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw wrong(place, `an integer from ${min} to ${max}`, show(value))
}

const wrong = (at: string, expected: string, got: string): EngineError => new EngineError('E_INPUT', at, expected, got)
