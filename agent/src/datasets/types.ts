import type { ImageSet } from '@pawprint/engine'
import type { Task } from '../types.ts'

/** How a picture becomes `imageSize` × `imageSize` pixels: stretched to fill, with sharp's kernel of that name. */
export interface Preprocessing {
  readonly imageSize: number
  readonly fit: 'fill'
  readonly kernel: 'lanczos3'
}

/** Images with labels, in shared memory: a worker reads them without a copy. `images` is `[count, imageSize, imageSize, 3]`, RGB bytes. */
export interface LabelledImages extends ImageSet {
  readonly preprocessing: Preprocessing
  /** SHA-256, hex, over shape, class names, labels and pixels: equal fingerprints are equal sets. */
  readonly fingerprint: string
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

export interface Cifar10Options extends DatasetOptions {
  /** Folder to look in first; default `--datasets`, else `PAWPRINT_DATASETS`. */
  readonly directory?: string
  /** Where to download from; default `PAWPRINT_CIFAR10_URL`, else the official address. */
  readonly url?: string
  /** MD5 of the download, 32 hex digits; default that of the official archive. */
  readonly md5?: string
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
