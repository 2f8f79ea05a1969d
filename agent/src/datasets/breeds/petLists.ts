import { DatasetError } from '../errors.ts'

/** One image of the Oxford-IIIT Pet lists. */
export interface ListedPet {
  /** Without its ending, "american_bulldog_100". */
  readonly name: string
  /** As in the name, "american_bulldog". */
  readonly breed: string
  /** 1 to 37; breeds are in this order. */
  readonly classId: number
  readonly species: 'cat' | 'dog'
  readonly isTest: boolean
}

/** One of the two lists, `trainval.txt` or `test.txt`. */
export interface PetList {
  readonly text: string
  /** For errors. */
  readonly at: string
  readonly isTest: boolean
}

const BREED_COUNT = 37
const SPECIES: ReadonlyMap<string, 'cat' | 'dog'> = new Map([
  ['1', 'cat'],
  ['2', 'dog'],
])

// A breed and a number. Neither a slash nor two dots: names become paths below the folder of images.
const NAME = /^([A-Za-z][A-Za-z_]{0,100})_(\d{1,6})$/

/** Longest piece of a line that an error repeats. */
const SHOWN_LENGTH = 80

function refuse(at: string, line: number, expected: string, got: string): never {
  throw new DatasetError('E_FORMAT', `${at}, line ${line}`, expected, JSON.stringify(got.slice(0, SHOWN_LENGTH)))
}

function parseLine(line: string, { at, isTest }: PetList, number: number): ListedPet {
  const [name = '', classId = '', species = '', breedId = '', ...rest] = line.split(/\s+/)
  if (breedId === '' || rest.length > 0) refuse(at, number, 'a name and three numbers', line)
  const breed = NAME.exec(name)?.[1]
  if (breed === undefined) refuse(at, number, 'a name like american_bulldog_100', name)
  const isClass = /^\d{1,2}$/.test(classId) && Number(classId) >= 1 && Number(classId) <= BREED_COUNT
  if (!isClass) refuse(at, number, `a class from 1 to ${BREED_COUNT}`, classId)
  const kind = SPECIES.get(species)
  if (kind === undefined) refuse(at, number, 'a species, 1 (cat) or 2 (dog)', species)
  return { name, breed: breed as string, classId: Number(classId), species: kind as 'cat' | 'dog', isTest }
}

/**
 * Reads the lists of the Oxford-IIIT Pet set: on each line a name, a class, a species and a number within the species. Empty lines
 * and those that begin with "#" are passed over. Throws DatasetError `E_FORMAT` with file and line for anything else, for
 * a name that comes twice, and where breeds and classes do not go together one to one.
 */
export function parsePetLists(lists: readonly PetList[]): ListedPet[] {
  const pets = new Map<string, ListedPet>()
  const classOf = new Map<string, number>()
  const breedOf = new Map<number, string>()
  for (const list of lists) {
    for (const [index, raw] of list.text.split('\n').entries()) {
      const [line, number] = [raw.trim(), index + 1]
      if (line === '' || line.startsWith('#')) continue
      const pet = parseLine(line, list, number)
      if (pets.has(pet.name)) refuse(list.at, number, 'each name once', pet.name)
      const [classId, breed] = [classOf.get(pet.breed) ?? pet.classId, breedOf.get(pet.classId) ?? pet.breed]
      if (classId !== pet.classId) refuse(list.at, number, `class ${classId} as before for ${breed}`, `${pet.classId}`)
      if (breed !== pet.breed) refuse(list.at, number, `${breed} as before for class ${classId}`, pet.breed)
      classOf.set(breed, classId)
      breedOf.set(classId, breed)
      pets.set(pet.name, pet)
    }
  }
  return [...pets.values()]
}

/** A breed as people read it: "american_bulldog" becomes "American Bulldog". */
export const breedName = (breed: string): string =>
  breed
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ')
