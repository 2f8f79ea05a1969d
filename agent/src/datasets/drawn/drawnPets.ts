import { setImmediate } from 'node:timers/promises'
import { TEST_ACCURACY } from '@pawprint/protocol'
import { DRAWN_BREEDS, type DrawnBreed } from '../breeds/petBreeds.ts'
import { breedName } from '../breeds/petLists.ts'
import { resolveDrawnPetsOptions, type Species } from '../breeds/petOptions.ts'
import { allocateImages, labelledImages, pixelBytes, preprocessingOf } from '../images.ts'
import { seededRandom } from '../random.ts'
import { stratifiedSplit } from '../split.ts'
import type { Dataset, DrawnPetsOptions, LabelledImages, PetInput } from '../types.ts'
import { drawPet } from './drawPet.ts'

/** Pictures of each breed before validation is split off. */
export const DRAWN_TRAIN_PER_BREED = 160
export const DRAWN_TEST_PER_BREED = 40

// Naming the streams: every picture is drawn from (set, part, breed and number), so it depends on no other picture and no option
// but its size and input.
const PETS_STREAM = 0x70657473
const PART = { train: 1, test: 2 } as const
const BREED_SHIFT = 16
const DRAWN_PER_TURN = 32

const TASK_NAMES: Readonly<Record<Species, string>> = { both: 'drawn-pets', cat: 'drawn-cats', dog: 'drawn-dogs' }

interface Drawing {
  readonly breeds: readonly DrawnBreed[]
  readonly imageSize: number
  readonly input: PetInput
}

/** Draws the pictures with the given numbers; the kernel stays responsive meanwhile. */
async function draw(
  { breeds, imageSize, input }: Drawing,
  part: number,
  indices: readonly number[],
): Promise<LabelledImages> {
  const set = allocateImages(indices.length, imageSize)
  for (const [position, index] of indices.entries()) {
    const label = index % breeds.length
    const breed = breeds[label] as DrawnBreed
    const number = (DRAWN_BREEDS.indexOf(breed) << BREED_SHIFT) | Math.floor(index / breeds.length)
    const random = seededRandom(PETS_STREAM, part, number)
    drawPet(breed, input, imageSize, random, set.images, position * pixelBytes(imageSize))
    set.labels[position] = label
    if (position % DRAWN_PER_TURN === 0) await setImmediate()
  }
  const classNames = breeds.map(({ breed }) => breedName(breed))
  return labelledImages(set, imageSize, classNames, input)
}

/**
 * The built-in set *drawn-pets*: heads of six breeds of cats and six of dogs, 160 pictures of each to train (and validate) and 40 to
 * test, the same bytes on every machine. The pictures themselves are fixed, so accuracies compare; `seed` decides the validation
 * split. Throws DatasetError `E_OPTION`.
 */
export async function drawnPets(options: DrawnPetsOptions = {}): Promise<Dataset> {
  const { imageSize, validationSplit, seed, input, species } = resolveDrawnPetsOptions(options)
  const breeds = DRAWN_BREEDS.filter((breed) => species === 'both' || breed.species === species)
  const classNames = breeds.map(({ breed }) => breedName(breed))
  const count = breeds.length * DRAWN_TRAIN_PER_BREED
  const labels = Uint8Array.from({ length: count }, (_, index) => index % breeds.length)
  const split = stratifiedSplit(labels, breeds.length, validationSplit, seed)
  const drawing = { breeds, imageSize, input }
  const testIndices = [...Array(breeds.length * DRAWN_TEST_PER_BREED).keys()]
  return {
    train: await draw(drawing, PART.train, split.train),
    validation: await draw(drawing, PART.train, split.validation),
    test: await draw(drawing, PART.test, testIndices),
    task: { name: TASK_NAMES[species], classNames, metric: TEST_ACCURACY },
    preprocessing: preprocessingOf(imageSize, input),
    source: 'built-in drawings',
  }
}
