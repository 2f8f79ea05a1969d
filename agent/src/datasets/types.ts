import type { ImageSet } from '@pawprint/engine'
import type { Task } from '../task.ts'
import type { FolderSource } from './folder/source.ts'

/** How a picture becomes `imageSize` × `imageSize` pixels: stretched to fill, with sharp's kernel of that name. */
export interface Preprocessing {
  readonly imageSize: number
  readonly fit: 'fill'
  readonly kernel: 'lanczos3'
  /** `cropped`: of a photograph, the model sees only the part that a person frames. Absent: all of it. */
  readonly input?: 'cropped'
}

/** Images with labels, in shared memory: a worker reads them without a copy. `images` is `[count, imageSize, imageSize, 3]`, RGB bytes. */
export interface LabelledImages extends ImageSet {
  readonly preprocessing: Preprocessing
  /** SHA-256, hex, over shape, class names, labels and pixels: equal fingerprints are equal sets. */
  readonly fingerprint: string
}

/** The file that an image was made of. */
export interface ImageFile {
  /** For people: where it lies. */
  readonly name: string
  /** Size of the picture as it is looked at, in pixels, before it became an image. */
  readonly width: number
  readonly height: number
}

/** A picture that could not be decoded, and why, in plain words. */
export interface BrokenImage {
  readonly name: string
  readonly reason: string
}

/** What is known of the files that a set was made of: one entry per image, in the order of the images. */
export interface DatasetFiles {
  readonly train: readonly ImageFile[]
  readonly validation: readonly ImageFile[]
  readonly test: readonly ImageFile[]
  readonly broken: readonly BrokenImage[]
}

/** Three disjoint sets and the task they belong to. */
export interface Dataset {
  readonly train: LabelledImages
  /** Taken from the training images; empty when `validationSplit` is 0. */
  readonly validation: LabelledImages
  readonly test: LabelledImages
  readonly task: Task
  readonly preprocessing: Preprocessing
  /** Where the images came from, for the log. */
  readonly source: string
  /** What a person should know about them, when there is something: other data than asked for, or fewer images. */
  readonly notice?: string
  /** Of sets that were made of people's files: which, and which were left out. */
  readonly files?: DatasetFiles
  /** Of sets that were made of folders: what it takes to read them anew, and to hear when they change. */
  readonly folder?: FolderSource
}

/** Options that all data sets have. */
export interface DatasetOptions {
  /** Side of the images in pixels; an integer, 8 to 256, default 32. */
  readonly imageSize?: number
  /**
   * Fraction of the training images held out for validation. 0 ≤ x < 1, default 0.1. Stratified by class and seeded, as
   * scikit-learn's StratifiedShuffleSplit does.
   */
  readonly validationSplit?: number
  /** Decides which images are held out; an integer, 0 ≤ seed < 2³², default 0. The test set does not depend on it. */
  readonly seed?: number
}

/** Bytes of a download; `total` is null where the server does not say. */
export interface Progress {
  readonly received: number
  readonly total: number | null
}

/** Options of data sets that are found on this machine or downloaded. */
export interface FetchOptions {
  /** Folder to look in first; default `--datasets`, else `PAWPRINT_DATASETS`. */
  readonly directory?: string
  /** Longest wait for a connection and the first answer; milliseconds, default 5,000. */
  readonly connectTimeoutMs?: number
  /** Longest silence in the middle of a download, before it is taken up anew; milliseconds, default 30,000. */
  readonly idleTimeoutMs?: number
  /** Hears of each piece of a download; default: a line on standard error. */
  readonly onProgress?: (progress: Progress) => void
  /** Prints one notice; default console.log, which a notebook shows below the cell. */
  readonly log?: (line: string) => void
  /** Aborting rejects with the signal's reason; a download goes on from there the next time. */
  readonly signal?: AbortSignal
}

export interface Cifar10Options extends DatasetOptions, FetchOptions {
  /** Where to download from; default `PAWPRINT_CIFAR10_URL`, else the official address. */
  readonly url?: string
  /** MD5 of the download, 32 hex digits; default that of the official archive. */
  readonly md5?: string
}

export interface ImageFolderOptions extends DatasetOptions {
  /** Fraction of the pictures for the test set. 0 ≤ x < 1, default 0.2. */
  readonly testSplit?: number
  /** Fraction of the other pictures held out for validation. 0 ≤ x < 1, default 0.1. */
  readonly validationSplit?: number
  /**
   * Decides, with the content of each picture, the set it goes to; an integer, 0 ≤ seed < 2³², default 0. So a picture stays
   * in its set when others come or go, and copies of it are in the same one. Fractions are therefore met about, not exactly.
   */
  readonly seed?: number
  /**
   * Which pictures belong together, as several of one animal or the frames of a film: those with the same text, of whichever class, are in the same set, and
   * none of it is tested that was learned. `({ name }) => name.split('_')[0]` goes by the beginning of a file's name. `undefined`: the picture stands alone.
   * The fractions are then met class by class, as nearly as whole groups allow; which set a group is in depends on the others.
   */
  readonly groupOf?: (picture: { readonly name: string; readonly className: string }) => string | undefined
  /** Name of the task: lower-case letters, digits and "-", at most 64. Default: made from the name of the (first) folder. */
  readonly name?: string
  /** Names of the classes to keep, in the order of the labels; 2 to 256. Default: all, sorted. */
  readonly classes?: readonly string[]
  /** Keep decoded images in the user's cache folder, at most 4 GiB of all sets, so that the next start need not decode. Default true. */
  readonly cache?: boolean
  /** Hears of each picture that is decoded, and of those that were kept; default: a line on standard error. */
  readonly onProgress?: (done: number, total: number) => void
  /** Prints one notice; default console.log, which a notebook shows below the cell. */
  readonly log?: (line: string) => void
  /** Aborting rejects with the signal's reason; what was decoded is kept. */
  readonly signal?: AbortSignal
}

/** What of a photograph the model sees: all of it, or the part that an annotated box surrounds. */
export type PetInput = 'uncropped' | 'cropped'

/** Options that all data sets of pets have. `imageSize` is 64 by default. */
export interface PetOptions extends DatasetOptions {
  /**
   * `uncropped` (default): whole photographs. `cropped`: the part inside the annotated box, as when a person places a rectangle
   * on the animal; images without a box are left out.
   */
  readonly input?: PetInput
}

export interface DrawnPetsOptions extends PetOptions {
  /** Which animals; default `both`. */
  readonly species?: 'cat' | 'dog' | 'both'
}

export interface StanfordDogsOptions extends PetOptions, FetchOptions {
  /** Address of the folder with the archives; default an environment variable (see each data set), else the official one. */
  readonly url?: string
  /** MD5 of the archives by their names, 32 hex digits each; default those of the official archives. */
  readonly md5?: Readonly<Record<string, string>>
}

export interface OxfordPetsOptions extends StanfordDogsOptions {
  /** Which animals: `both` (default) 37 breeds, `cat` 12, `dog` 25. */
  readonly species?: 'cat' | 'dog' | 'both'
}
