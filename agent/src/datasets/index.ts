import { homedir } from 'node:os'
import type { Surroundings } from './archives/locate.ts'
import { oxfordPets } from './breeds/oxfordPets.ts'
import { stanfordDogs } from './breeds/stanfordDogs.ts'
import { cifar10 } from './cifar10/cifar10.ts'
import { drawnPets } from './drawn/drawnPets.ts'
import { shapes } from './drawn/shapes.ts'
import { imageFolder } from './folder/imageFolder.ts'
import type {
  Cifar10Options,
  Dataset,
  DatasetOptions,
  DrawnPetsOptions,
  ImageFolderOptions,
  OxfordPetsOptions,
  StanfordDogsOptions,
} from './types.ts'

export { classWeightsOf } from './classWeights.ts'
export type { DuplicateGroup, PlacedImage } from './duplicates.ts'
export { DatasetError, type DatasetErrorCode } from './errors.ts'
export {
  type Expectation,
  expectBalance,
  expectEveryClass,
  expectNoLeaks,
  expectOneClassEach,
  type FewestImages,
} from './expectations.ts'
export type { Side } from './folder/contentSides.ts'
export type { FolderContents, KnownImage } from './folder/contents.ts'
export type { FolderSource } from './folder/source.ts'
export type { FolderState, FolderWatch, WatchTimes } from './folder/watchFolders.ts'
export { type Inspection, inspect, type Spread } from './inspect.ts'
export { inspectText } from './inspectText.ts'
export { normalisationOf } from './normalisation.ts'
export { saveImageFolder } from './saveImageFolder.ts'
export { type PerClass, type SubsetOptions, subset } from './subset.ts'
export type {
  BrokenImage,
  Cifar10Options,
  Dataset,
  DatasetFiles,
  DatasetOptions,
  DrawnPetsOptions,
  FetchOptions,
  ImageFile,
  ImageFolderOptions,
  LabelledImages,
  OxfordPetsOptions,
  PetInput,
  PetOptions,
  Preprocessing,
  Progress,
  StanfordDogsOptions,
} from './types.ts'

const surroundings = (): Surroundings => ({
  argv: process.argv,
  env: process.env,
  platform: process.platform,
  home: homedir(),
  currentFolder: process.cwd(),
})

/** The data sets that come with Pawprint. All images are RGB bytes in shared memory; splits are stratified and seeded. */
export const datasets: {
  /**
   * CIFAR-10 (A. Krizhevsky, 2009): ten classes, 50,000 training and 10,000 test images of 32 × 32. Looks for the official
   * archive `cifar-10-binary.tar.gz` or its folder `cifar-10-batches-bin`, at most two folders deep, in `directory` (default
   * `--datasets`, else PAWPRINT_DATASETS), in `./datasets`, in the `datasets` beside the notebook's folder and in the user's cache;
   * else downloads it there; else says so in one line and gives *shapes*. Throws DatasetError: `E_OPTION` for a wrong option, `E_FORMAT` for a broken file.
   */
  cifar10(options?: Cifar10Options): Promise<Dataset>
  /**
   * The built-in set: ten drawn classes, 5,000 training and 1,000 test images, the same bytes everywhere. Needs no file and no
   * network. Throws DatasetError `E_OPTION`.
   */
  shapes(options?: DatasetOptions): Promise<Dataset>
  /**
   * Your own pictures: a folder with a folder per class, or several such, whose classes join by name. JPEG, PNG, WebP and GIF;
   * pictures in folders below a class's count for it; hidden files are left out. Each picture goes to train, validation or test by
   * its content and the seed. Broken pictures are left out and named in the notice. Decoded images are kept in the user's
   * cache folder. Throws DatasetError: `E_OPTION` for a wrong option or folder, `E_FORMAT` for a folder without pictures in at least two classes.
   */
  imageFolder(directory: string | readonly string[], options?: ImageFolderOptions): Promise<Dataset>
  /**
   * Oxford-IIIT Pet (O. M. Parkhi et al., 2012): 37 breeds of cats and dogs, 3,680 images to train and 3,669 to test. Finds and
   * downloads (0.8 GB) `images.tar.gz` and `annotations.tar.gz`, or the folders `images` and `annotations`, as cifar10 does with
   * its archive; PAWPRINT_OXFORD_PETS_URL may name another address of the folder with both. Without them, says so and gives
   * *drawnPets*. Images that are missing or broken are left out and counted in the notice. With `input: 'cropped'` a fifth
   * of the images for training is for testing, because only those have boxes. Throws DatasetError `E_OPTION`, `E_FORMAT`.
   */
  oxfordPets(options?: OxfordPetsOptions): Promise<Dataset>
  /**
   * Stanford Dogs (A. Khosla et al., 2011): 120 breeds, 12,000 images to train and 8,580 to test. `images.tar`, `lists.tar` and,
   * with `input: 'cropped'`, `annotation.tar`; PAWPRINT_STANFORD_DOGS_URL; else as oxfordPets, with drawn dogs in its place.
   */
  stanfordDogs(options?: StanfordDogsOptions): Promise<Dataset>
  /**
   * The built-in set of pets: drawn heads of six breeds of cats and six of dogs, 1,920 training and 480 test images, the same bytes
   * everywhere. Needs no file and no network. Throws DatasetError `E_OPTION`.
   */
  drawnPets(options?: DrawnPetsOptions): Promise<Dataset>
} = {
  cifar10: (options = {}) => cifar10(options, surroundings()),
  shapes: (options = {}) => shapes(options),
  oxfordPets: (options = {}) => oxfordPets(options, surroundings()),
  stanfordDogs: (options = {}) => stanfordDogs(options, surroundings()),
  drawnPets: (options = {}) => drawnPets(options),
  imageFolder: (directory, options = {}) => imageFolder(directory, options, surroundings()),
}
