import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { SIDES, type Side } from './folder/contentSides.ts'
import type { Dataset } from './types.ts'

/** One image of a dataset. */
export interface PlacedImage {
  readonly side: Side
  /** Its place in that set, from 0. */
  readonly index: number
  readonly className: string
  /** Of its file, where the set is made of files; else null. */
  readonly name: string | null
}

/** Images whose pixels are all equal, in the order of the sets: two or more. */
export type DuplicateGroup = readonly PlacedImage[]

/** Bytes that one turn hashes before others get theirs. */
const BYTES_PER_TURN = 2 ** 22

/** Finds images with equal pixels, within and across the sets of a dataset. */
export async function findDuplicates(dataset: Dataset): Promise<DuplicateGroup[]> {
  const groups = new Map<string, PlacedImage[]>()
  let turnBytes = 0
  for (const side of SIDES) {
    const { images, labels, height, width, channels } = dataset[side]
    const sizeBytes = height * width * channels
    for (let index = 0; index < labels.length; index++) {
      const pixels = images.subarray(index * sizeBytes, (index + 1) * sizeBytes)
      const hash = createHash('sha256').update(pixels).digest('base64')
      const className = dataset.task.classNames[labels[index] as number] ?? String(labels[index])
      const image = { side, index, className, name: dataset.files?.[side][index]?.name ?? null }
      const group = groups.get(hash)
      if (group) group.push(image)
      else groups.set(hash, [image])
      turnBytes += sizeBytes
      if (turnBytes < BYTES_PER_TURN) continue
      turnBytes = 0
      await setImmediate()
    }
  }
  return [...groups.values()].filter((group) => group.length > 1)
}

/** True when the images lie in more than one set: what was trained is tested. */
export const isAcrossSets = (group: DuplicateGroup): boolean => new Set(group.map(({ side }) => side)).size > 1

/** True when equal images have different labels. */
export const isAmbiguous = (group: DuplicateGroup): boolean => new Set(group.map(({ className }) => className)).size > 1

/** An image for people: its file's name, else where it is, counted from 1. */
export const imageName = ({ side, index, name, className }: PlacedImage): string =>
  `${name ?? `${side} image ${index + 1}`} (${name === null ? '' : `${side}, `}${className})`
