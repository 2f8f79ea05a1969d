import type { Surroundings } from '../archives/locate.ts'
import { type Found, obtain, type PublicSet } from '../archives/obtain.ts'
import { type Part, type Place, requireFiles } from '../archives/parts.ts'
import { drawnPets } from '../drawn/drawnPets.ts'
import type { Dataset, OxfordPetsOptions } from '../types.ts'
import { readBoxes } from './boxFiles.ts'
import { breedDataset } from './breedDataset.ts'
import { type ListedPet, parsePetLists } from './petLists.ts'
import { addressIn, type PetFetchSettings, type PetOrigin, resolvePetOptions, type Species } from './petOptions.ts'

// O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar, "Cats and Dogs", CVPR 2012. The checksums are torchvision's.
const ORIGIN: PetOrigin = {
  caller: 'datasets.oxfordPets',
  variable: 'PAWPRINT_OXFORD_PETS_URL',
  url: 'https://www.robots.ox.ac.uk/~vgg/data/pets/data/',
  md5: {
    'images.tar.gz': '5c4f3ee8e5d25df40f4fd59a7f44e54c',
    'annotations.tar.gz': '95a8c909bbe2e81eed6a22bccdf3f68f',
  },
}
const TITLE = 'Oxford-IIIT Pet'
const OFFICIAL = { train: 3_680, test: 3_669 }
const LISTS = ['trainval.txt', 'test.txt'] as const

const IMAGES: Part = { archive: 'images.tar.gz', folder: 'images', files: [] }
const ANNOTATIONS: Part = { archive: 'annotations.tar.gz', folder: 'annotations', files: LISTS }

/** The official archives have 791,918,971 and 19,173,078 bytes. */
const MAX_IMAGES_BYTES = 2 ** 30
const MAX_ANNOTATIONS_BYTES = 64 * 2 ** 20

/** Largest list read; the official ones have less than 200,000 bytes. */
const MAX_LIST_BYTES = 4 * 2 ** 20

/** Where only trainval images have boxes: so many of them are for testing, in the proportions of the breeds. */
const CROPPED_TEST_FRACTION = 0.2

// Their classes are others, and models are compared within a task.
const TASK_NAMES: Readonly<Record<Species, string>> = {
  both: 'pet-breeds',
  cat: 'pet-breeds-cats',
  dog: 'pet-breeds-dogs',
}

const setOf = ({ url, md5 }: PetFetchSettings): PublicSet => {
  const remote = ({ archive }: Part, maxBytes: number) => ({
    url: addressIn(url, archive),
    md5: md5[archive] as string,
    maxBytes,
  })
  return {
    title: TITLE,
    parts: [
      { ...IMAGES, ...remote(IMAGES, MAX_IMAGES_BYTES) },
      { ...ANNOTATIONS, ...remote(ANNOTATIONS, MAX_ANNOTATIONS_BYTES) },
    ],
    folder: 'oxford-iiit-pet',
    home: 'https://www.robots.ox.ac.uk/~vgg/data/pets/',
  }
}

async function readLists(place: Place, signal: AbortSignal | undefined): Promise<ListedPet[]> {
  const wanted = { part: ANNOTATIONS, names: new Set(LISTS), maxBytes: MAX_LIST_BYTES }
  const files = await requireFiles(place, wanted, signal)
  const lists = [...files].map(([name, bytes]) => ({
    text: Buffer.from(bytes).toString('utf8'),
    at: `${place.path}, ${name}`,
    isTest: name === 'test.txt',
  }))
  return parsePetLists(lists)
}

async function readOxfordPets(
  found: Found,
  settings: PetFetchSettings & { readonly species: Species },
): Promise<Dataset> {
  const { species, input, signal } = settings
  const [images, annotations] = found.places as readonly [Place, Place]
  const pets = await readLists(annotations, signal)
  const fileOf = ({ name }: ListedPet): string => `${name}.jpg`
  const isCropped = input === 'cropped'
  const framed = pets.filter(({ isTest }) => !isTest).map((pet) => [fileOf(pet), `xmls/${pet.name}.xml`] as const)
  const listed = pets.map((pet) => ({ ...pet, name: fileOf(pet), rank: pet.classId }))
  const source = {
    title: TITLE,
    taskName: TASK_NAMES[species],
    official: OFFICIAL,
    found,
    images: { place: images, part: IMAGES },
    listed,
    wanted: listed.filter((pet) => (species === 'both' || pet.species === species) && !(isCropped && pet.isTest)),
    boxes: isCropped ? await readBoxes(annotations, ANNOTATIONS, new Map(framed), signal) : null,
  }
  return breedDataset(source, { ...settings, testFraction: isCropped ? CROPPED_TEST_FRACTION : null }, signal)
}

/**
 * Oxford-IIIT Pet: from a folder on this machine, else downloaded, else *drawn-pets* in its place, which the notice then says.
 * Throws DatasetError `E_OPTION` or `E_FORMAT`, and the signal's reason.
 */
export async function oxfordPets(options: OxfordPetsOptions, around: Surroundings): Promise<Dataset> {
  const settings = resolvePetOptions(ORIGIN, options, around.env, true)
  const { imageSize, validationSplit, seed, input, species } = settings
  return obtain(setOf(settings), settings, around, {
    read: (found) => readOxfordPets(found, settings),
    standIn: () => drawnPets({ imageSize, validationSplit, seed, input, species }),
  })
}
