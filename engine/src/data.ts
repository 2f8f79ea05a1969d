import { EngineError } from './errors.ts'
import { show } from './layers/fields.ts'
import type { SharedSet } from './messages.ts'
import type { ModelSpec } from './model.ts'
import type { ImageSet, Normalisation } from './types.ts'

/** Checks a data set against a model and puts it into shared memory: without copying when `images` already lies there. */
export function shareSet(data: ImageSet, model: ModelSpec, place: string): SharedSet {
  const count = data.labels.length
  const shape = [data.height, data.width, data.channels]
  if (`${shape}` !== `${model.inputShape}`)
    throw wrong(place, `images of [${model.inputShape}], the model's input`, `[${shape}]`)
  if (data.classCount !== model.classCount)
    throw wrong(`${place}.classCount`, `${model.classCount}, the model's outputs`, `${data.classCount}`)
  if (count === 0) throw wrong(place, 'at least one image', 'none')
  requireImages(data.images, count, model, `${place}.images`)
  const bad = data.labels.findIndex((label) => !(label >= 0 && label < data.classCount))
  if (bad >= 0) throw wrong(`${place}.labels[${bad}]`, `a class 0 ≤ x < ${data.classCount}`, `${data.labels[bad]}`)
  const labels = new Int32Array(new SharedArrayBuffer(4 * count))
  labels.set(data.labels)
  return { images: shareBytes(data.images), labels }
}

/** Checks that `images` holds `count` images. */
export function requireImages(images: Uint8Array, count: number, model: ModelSpec, place: string): void {
  const expected = model.inputShape.reduce((size, dim) => size * dim, count)
  if (!(images instanceof Uint8Array)) throw wrong(place, 'a Uint8Array', typeof images)
  if (images.length !== expected)
    throw wrong(place, `${expected} bytes (${count} × [${model.inputShape}])`, `${images.length}`)
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
