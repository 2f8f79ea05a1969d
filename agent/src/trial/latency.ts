import type { ImageSet, Trainer } from '@pawprint/engine'

/** Answers before it counts: the first ones compile the graph for one image and warm caches. */
const WARM_UP = 3
const MEASURED = 25
/** A slow model is not asked as often. */
const MAX_MS = 500

/**
 * How long the model takes for one image, as median of 25 in turn (fewer when they take more than half a second): milliseconds, in the
 * worker that trained it, with the loss and the way to it and back. Trials that train beside it slow it down. Undefined without images.
 */
export async function latencyOf(
  trainer: Pick<Trainer, 'evaluate'>,
  data: ImageSet,
  nowMs: () => number,
): Promise<number | undefined> {
  if (data.labels.length === 0) return undefined
  const image = firstOf(data)
  for (let n = 0; n < WARM_UP; n++) await trainer.evaluate(image)
  const startedMs = nowMs()
  const times: number[] = []
  while (times.length < MEASURED && nowMs() - startedMs < MAX_MS) {
    const askedMs = nowMs()
    await trainer.evaluate(image)
    times.push(nowMs() - askedMs)
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
}

/** A set of the first image alone. */
function firstOf({ images, labels, targets, sampleWeights, ...shape }: ImageSet): ImageSet {
  const count = labels.length
  const first = <T extends Uint8Array | Int32Array | Float32Array>(all: T): T => all.slice(0, all.length / count) as T
  return {
    ...shape,
    images: first(images),
    labels: first(labels),
    ...(targets === undefined ? {} : { targets: first(targets) }),
    ...(sampleWeights === undefined ? {} : { sampleWeights: first(sampleWeights) }),
  }
}
