import { createHash } from 'node:crypto'
import { DatasetError } from './errors.ts'
import type { Side } from './folder/contentSides.ts'
import { MAX_TASK_NAME, slugOf, taskName } from './folder/folderOptions.ts'
import type { FolderSource } from './folder/source.ts'
import { allocateImages, labelledImages } from './images.ts'
import { entriesOf, integer, refuse } from './options.ts'
import { seededRandom, shuffle } from './random.ts'
import type { Dataset, ImageFile, LabelledImages } from './types.ts'

/** Most images of each class, by set; a set that is not named stays whole. */
export interface PerClass {
  readonly train?: number
  readonly validation?: number
  readonly test?: number
}

export interface SubsetOptions {
  /** Names of the classes to keep, in the order of the new labels; 2 or more. Default: all. */
  readonly classes?: readonly string[]
  /**
   * Most images of each class, from 1. A number is for the training images: validation and test stay whole, so that accuracies
   * compare. Default: all. With the same seed, what is kept of few is part of what is kept of more.
   */
  readonly perClass?: number | PerClass
  /** Decides which images are kept; an integer, 0 ≤ seed < 2³², default 0. */
  readonly seed?: number
  /** Name of the task. Default: the dataset's, with the names of the classes when they change: models of other classes do not compare. */
  readonly name?: string
}

const CALLER = 'subset'
const SUBSET_STREAM = 0x73756273
const SIDE_STREAM = { train: 1, validation: 2, test: 3 } as const
const MAX_PER_CLASS = 2 ** 20
const MAX_SEED = 2 ** 32 - 1
const HASH_DIGITS = 8

function classesOf(classes: unknown, there: readonly string[]): readonly string[] {
  if (classes === undefined) return there
  const place = `${CALLER}: classes`
  const isList = Array.isArray(classes) && classes.length >= 2 && new Set(classes).size === classes.length
  if (!isList) return refuse(place, 'two or more different names', classes)
  const unknown = classes.find((name) => !there.includes(name as string))
  if (unknown !== undefined) refuse(place, `names among ${there.join(', ').slice(0, 200)}`, unknown)
  return classes as string[]
}

function perClassOf(perClass: unknown): PerClass {
  const whole = (place: string, value: unknown): number => integer(place, value, 1, MAX_PER_CLASS)
  if (perClass === undefined) return {}
  if (typeof perClass === 'number') return { train: whole(`${CALLER}: perClass`, perClass) }
  const place = `${CALLER}: perClass`
  const given = Object.entries(entriesOf(place, perClass, Object.keys(SIDE_STREAM)))
  return Object.fromEntries(given.map(([side, value]) => [side, whole(`${place}.${side}`, value)]))
}

/** `cifar10-cat-dog`; where that is too long, its end is a hash. */
function nameOf(task: string, classNames: readonly string[]): string {
  const name = slugOf(`${task} ${classNames.join(' ')}`)
  if (name.length <= MAX_TASK_NAME) return name
  const hash = createHash('sha256').update(JSON.stringify(classNames)).digest('hex').slice(0, HASH_DIGITS)
  return `${name.slice(0, MAX_TASK_NAME - HASH_DIGITS - 1)}-${hash}`
}

/** Which images stay, ascending. */
function keptOf(
  labels: ArrayLike<number>,
  isKept: ReadonlySet<number>,
  perClass: number | undefined,
  seed: number,
  stream: number,
): number[] {
  const byClass = new Map<number, number[]>([...isKept].map((label) => [label, []]))
  for (let index = 0; index < labels.length; index++) byClass.get(labels[index] as number)?.push(index)
  // A stream for each class: what is kept of one does not depend on the others.
  const chosen = [...byClass].map(([label, members]) =>
    perClass === undefined
      ? members
      : shuffle(members, seededRandom(seed, SUBSET_STREAM + stream, label)).slice(0, perClass),
  )
  return chosen.flat().sort((a, b) => a - b)
}

function select(
  set: LabelledImages,
  kept: readonly number[],
  labelOf: ReadonlyMap<number, number>,
  names: readonly string[],
) {
  const { height, width, channels, preprocessing } = set
  const sizeBytes = height * width * channels
  const chosen = allocateImages(kept.length, width)
  for (const [at, index] of kept.entries()) {
    chosen.images.set(set.images.subarray(index * sizeBytes, (index + 1) * sizeBytes), at * sizeBytes)
    chosen.labels[at] = labelOf.get(set.labels[index] as number) as number
  }
  return { ...labelledImages(chosen, width, names), preprocessing }
}

interface Choice {
  readonly classNames: readonly string[]
  readonly perClass: PerClass
  readonly seed: number
  readonly name: string
  /** All classes as they were: what is whole then is not copied. */
  readonly isSame: boolean
}

function resolveChoice({ classNames: there, name: task }: Dataset['task'], options: unknown): Choice {
  const given = entriesOf(CALLER, options, ['classes', 'perClass', 'seed', 'name'])
  const classNames = classesOf(given.classes, there)
  const isSame = classNames.length === there.length && classNames.every((name, label) => name === there[label])
  return {
    classNames,
    perClass: perClassOf(given.perClass),
    seed: integer(`${CALLER}: seed`, given.seed ?? 0, 0, MAX_SEED),
    name: taskName(`${CALLER}: name`, given.name ?? (isSame ? task : nameOf(task, classNames))),
    isSame,
  }
}

/** A folder that is read anew gives as few images again. What is new in it is counted of all. */
const narrowed = (folder: FolderSource, options: SubsetOptions): FolderSource => ({
  ...folder,
  reload: async () => subset(await folder.reload(), options),
})

/**
 * Fewer classes or fewer images of a dataset, chosen by a seed; the images stay in their sets, in their order. Throws DatasetError
 * `E_OPTION` for a wrong option, `E_FORMAT` when no training image is left.
 */
export function subset(dataset: Dataset, options: SubsetOptions): Dataset {
  const { classNames, perClass, seed, name, isSame } = resolveChoice(dataset.task, options)
  const labelOf = new Map(classNames.map((className, label) => [dataset.task.classNames.indexOf(className), label]))
  const keep = (side: Side): { set: LabelledImages; files: readonly ImageFile[] } => {
    const set = dataset[side]
    const files = dataset.files?.[side] ?? []
    const kept = keptOf(set.labels, new Set(labelOf.keys()), perClass[side], seed, SIDE_STREAM[side])
    if (isSame && kept.length === set.labels.length) return { set, files }
    return { set: select(set, kept, labelOf, classNames), files: kept.flatMap((index) => files[index] ?? []) }
  }
  const [train, validation, test] = [keep('train'), keep('validation'), keep('test')]
  if (train.set.labels.length === 0) throw new DatasetError('E_FORMAT', CALLER, 'a training image', 'none')
  const files = { train: train.files, validation: validation.files, test: test.files }
  return {
    ...dataset,
    train: train.set,
    validation: validation.set,
    test: test.set,
    task: { ...dataset.task, name, classNames },
    ...(dataset.files ? { files: { ...dataset.files, ...files } } : {}),
    ...(dataset.folder ? { folder: narrowed(dataset.folder, options) } : {}),
  }
}
