import { DatasetError } from '../errors.ts'
import { MAX_CLASSES } from '../images.ts'
import { readCellStrings } from './matlab.ts'

/** One image of the Stanford Dogs lists. */
export interface ListedDog {
  /** Its folder and name without the ending, "n02085620-Chihuahua/n02085620_5927". */
  readonly name: string
  /** Its folder, "n02085620-Chihuahua"; breeds are in this order. */
  readonly folder: string
  /** As in the folder, "Chihuahua". */
  readonly breed: string
  readonly isTest: boolean
}

/** One of the two lists, `train_list.mat` or `test_list.mat`. */
export interface DogList {
  readonly bytes: Uint8Array
  /** For errors. */
  readonly at: string
  readonly isTest: boolean
}

// ImageNet's number of the breed, its name, the number again and one of the image. Neither a further slash nor two dots: names become
// paths below the folder of images.
const NAME = /^((n\d{8})-([A-Za-z_-]{1,100}))\/(\2_\d{1,8})\.jpg$/
const SHOWN_LENGTH = 80

/**
 * Reads the lists of Stanford Dogs: the variable `file_list` of each. Throws DatasetError `E_FORMAT` with file and cell for
 * another name than "n02085620-Chihuahua/n02085620_5927.jpg", for one that comes twice and for more than MAX_CLASSES breeds.
 */
export function parseDogLists(lists: readonly DogList[]): ListedDog[] {
  const dogs = new Map<string, ListedDog>()
  for (const { bytes, at, isTest } of lists) {
    for (const [index, path] of readCellStrings(bytes, 'file_list', at).entries()) {
      const place = `${at}, file_list{${index + 1}}`
      const shown = JSON.stringify(path.slice(0, SHOWN_LENGTH))
      const [, folder, , breed, image] = NAME.exec(path) ?? []
      if (folder === undefined || breed === undefined) {
        throw new DatasetError('E_FORMAT', place, 'a name like n02085620-Chihuahua/n02085620_5927.jpg', shown)
      }
      const name = `${folder}/${image}`
      if (dogs.has(name)) throw new DatasetError('E_FORMAT', place, 'each name once', shown)
      dogs.set(name, { name, folder, breed, isTest })
    }
  }
  const breeds = new Set([...dogs.values()].map(({ folder }) => folder)).size
  if (breeds > MAX_CLASSES) {
    throw new DatasetError('E_FORMAT', lists[0]?.at ?? '', `at most ${MAX_CLASSES} breeds`, `${breeds}`)
  }
  return [...dogs.values()]
}
