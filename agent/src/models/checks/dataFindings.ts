import type { ImageSet, Model, Normalisation } from '@pawprint/engine'
import type { Finding } from './findings.ts'

/** Values beyond this, after normalisation, are no usual input of a network; pictures have 0 to 1, or about −3 to 3. */
const LARGE = 20
/** A range below this is what is left of pixels that were divided by 255 twice. */
const SMALL = 0.02

/** What makes learning meaningless: one label for all, images without a difference, or one image with two labels. */
export function findFaults(data: ImageSet, batch: ImageSet): Finding[] {
  const [first] = data.labels
  const found: Finding[] = []
  if (data.labels.length > 1 && data.labels.every((label) => label === first))
    found.push({
      code: 'labels-constant',
      problem: `all ${data.labels.length} labels are ${first}`,
      advice: 'A model learns nothing from one class. Were the labels read from the right place, and all classes kept?',
    })
  const images = imagesOf(batch)
  const isOne = areAlike(images)
  if (isOne || images.every((image) => image.every((value) => value === image[0])))
    found.push({
      code: 'images-constant',
      problem: isOne ? 'all images are the same' : 'all images are of one grey each',
      advice: 'Look at some of them: were the pixels read from the right place, and are they bytes from 0 to 255?',
    })
  return isOne ? found : [...found, ...conflictsOf(images, batch)]
}

function imagesOf({ images, labels }: ImageSet): Buffer[] {
  const sizeBytes = images.length / labels.length
  return Array.from(labels, (_, i) => Buffer.from(images.subarray(i * sizeBytes, (i + 1) * sizeBytes)))
}

const areAlike = (images: readonly Buffer[]): boolean =>
  images.length > 1 && images.every((image) => image.equals(images[0] ?? image))

function conflictsOf(images: readonly Buffer[], { labels }: ImageSet): Finding[] {
  for (const [i, image] of images.entries()) {
    const twin = images.findIndex((other, j) => j < i && labels[j] !== labels[i] && other.equals(image))
    if (twin < 0) continue
    return [
      {
        code: 'labels-conflict',
        problem: `one image has the labels ${labels[twin]} and ${labels[i]}`,
        advice: 'No model can learn both. Are images and labels in the same order?',
      },
    ]
  }
  return []
}

/** Whether the numbers that come into the network are of an unusual size. */
export function findRange(model: Model, batch: ImageSet, normalisation: Normalisation | undefined): Finding[] {
  const [low, high] = inputRange(model, batch, normalisation)
  const range = `${Number(low.toPrecision(3))} to ${Number(high.toPrecision(3))}`
  const problem = `the first layer sees numbers from ${range}`
  if (Math.max(Math.abs(low), Math.abs(high)) > LARGE)
    return [{ code: 'input-range', problem, advice: 'Scale pixels to 0 … 1: leave the normalisation at value / 255.' }]
  if (high - low < SMALL)
    return [
      {
        code: 'input-range',
        problem,
        advice:
          'Were pixels divided by 255 before? Images are bytes from 0 to 255; take a Rescaling layer out, or the division.',
      },
    ]
  return []
}

/** Smallest and largest number that comes into the first layer that is no rescaling. */
function inputRange(
  model: Model,
  { images, channels }: ImageSet,
  normalisation: Normalisation | undefined,
): [low: number, high: number] {
  const { scale = 1 / 255, mean = [], std = [] } = normalisation ?? {}
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const [i, byte] of images.entries()) {
    const channel = i % channels
    const value = (byte * scale - (mean[channel] ?? 0)) / (std[channel] ?? 1)
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  for (const layer of model.layers) {
    if (layer.getClassName() === 'InputLayer') continue
    if (layer.getClassName() !== 'Rescaling') break
    const { scale: factor, offset } = layer.getConfig() as { scale: number; offset?: number }
    const [a, b] = [low * factor + (offset ?? 0), high * factor + (offset ?? 0)]
    low = Math.min(a, b)
    high = Math.max(a, b)
  }
  return [low, high]
}
