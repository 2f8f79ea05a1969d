import type { Surroundings } from '../archives/locate.ts'
import { type Found, obtain, type PublicSet } from '../archives/obtain.ts'
import { type Part, type Place, requireFiles } from '../archives/parts.ts'
import { drawnPets } from '../drawn/drawnPets.ts'
import type { Dataset, StanfordDogsOptions } from '../types.ts'
import { readBoxes } from './boxFiles.ts'
import { breedDataset } from './breedDataset.ts'
import { type ListedDog, parseDogLists } from './dogLists.ts'
import { addressIn, type PetFetchSettings, type PetOrigin, resolvePetOptions } from './petOptions.ts'

// A. Khosla, N. Jayadevaprakash, B. Yao, L. Fei-Fei, "Novel Dataset for Fine-Grained Image Categorization", FGVC at CVPR 2011.
// The set's page gives no checksums; these are what several public loaders agree on.
const ORIGIN: PetOrigin = {
  caller: 'datasets.stanfordDogs',
  variable: 'PAWPRINT_STANFORD_DOGS_URL',
  url: 'http://vision.stanford.edu/aditya86/ImageNetDogs/',
  md5: {
    'images.tar': '1bb1f2a596ae7057f99d7d75860002ef',
    'lists.tar': 'edbb9f16854ec66506b5f09b583e0656',
    'annotation.tar': '4298cc0031f6bc6e74612ac83b5988e2',
  },
}
const TITLE = 'Stanford Dogs'
const OFFICIAL = { train: 12_000, test: 8_580 }
const LISTS = ['train_list.mat', 'test_list.mat'] as const

const IMAGES: Part = { archive: 'images.tar', folder: 'Images', files: [] }
const LISTS_PART: Part = { archive: 'lists.tar', folder: '', files: LISTS }
const ANNOTATIONS: Part = { archive: 'annotation.tar', folder: 'Annotation', files: [] }

/** The images' archive has 793,579,520 bytes, the others have 481,280 and 21,852,160. */
const MAX_IMAGES_BYTES = 2 ** 30
const MAX_OTHER_BYTES = 64 * 2 ** 20

/** Largest list read; the official ones have less than a million bytes. */
const MAX_LIST_BYTES = 16 * 2 ** 20

/** Boxes are needed, and looked for, only where images are cropped. */
function setOf({ url, md5, input }: PetFetchSettings): PublicSet {
  const parts = [IMAGES, LISTS_PART, ...(input === 'cropped' ? [ANNOTATIONS] : [])]
  return {
    title: TITLE,
    parts: parts.map((part) => ({
      ...part,
      url: addressIn(url, part.archive),
      md5: md5[part.archive] as string,
      maxBytes: part === IMAGES ? MAX_IMAGES_BYTES : MAX_OTHER_BYTES,
    })),
    folder: 'stanford-dogs',
    home: `${ORIGIN.url}main.html`,
  }
}

async function readLists(place: Place, signal: AbortSignal | undefined): Promise<ListedDog[]> {
  const wanted = { part: LISTS_PART, names: new Set(LISTS), maxBytes: MAX_LIST_BYTES }
  const files = await requireFiles(place, wanted, signal)
  const lists = [...files].map(([name, bytes]) => ({
    bytes,
    at: `${place.path}, ${name}`,
    isTest: name === 'test_list.mat',
  }))
  return parseDogLists(lists)
}

async function readStanfordDogs(found: Found, settings: PetFetchSettings): Promise<Dataset> {
  const { signal } = settings
  const [images, lists, annotations] = found.places as readonly [Place, Place, Place?]
  const dogs = await readLists(lists, signal)
  const fileOf = ({ name }: ListedDog): string => `${name}.jpg`
  const listed = dogs.map((dog) => ({ ...dog, name: fileOf(dog), rank: dog.folder }))
  const boxFiles = new Map(dogs.map((dog) => [fileOf(dog), dog.name]))
  const source = {
    title: TITLE,
    taskName: 'dog-breeds',
    official: OFFICIAL,
    found,
    images: { place: images, part: IMAGES },
    listed,
    wanted: listed,
    boxes: annotations ? await readBoxes(annotations, ANNOTATIONS, boxFiles, signal) : null,
  }
  return breedDataset(source, { ...settings, testFraction: null }, signal)
}

/**
 * Stanford Dogs: from a folder on this machine, else downloaded, else drawn dogs in its place, which the notice then says. Throws
 * DatasetError `E_OPTION` or `E_FORMAT`, and the signal's reason.
 */
export async function stanfordDogs(options: StanfordDogsOptions, around: Surroundings): Promise<Dataset> {
  const settings = resolvePetOptions(ORIGIN, options, around.env, false)
  const { imageSize, validationSplit, seed, input } = settings
  return obtain(setOf(settings), settings, around, {
    read: (found) => readStanfordDogs(found, settings),
    standIn: () => drawnPets({ imageSize, validationSplit, seed, input, species: 'dog' }),
  })
}
