import type { DataReport } from '@pawprint/protocol'
import { percent, plural, showCount } from '@pawprint/ui/format'

export const SETS = [
  { key: 'train', title: 'Training', about: 'Pictures that the model learns from.' },
  { key: 'validation', title: 'Validation', about: 'Held out while training, to see when it is enough.' },
  { key: 'test', title: 'Test', about: 'Never used for training: what models are judged by.' },
] as const

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

/** "3 classes, 4,800 pictures". */
export const sizeOf = ({ classNames, counts }: DataReport): string =>
  `${plural(classNames.length, 'class', 'classes')}, ${plural(sum(SETS.flatMap(({ key }) => counts[key])), 'picture')}`

export interface ClassBar {
  readonly name: string
  readonly train: number
  readonly validation: number
  readonly test: number
}

/** Pictures of each class, in the order of the classes, and how many the largest has in all. */
export function classBarsOf({ classNames, counts }: DataReport): {
  readonly bars: readonly ClassBar[]
  readonly most: number
} {
  const bars = classNames.map((name, i) => ({
    name,
    train: counts.train[i] ?? 0,
    validation: counts.validation[i] ?? 0,
    test: counts.test[i] ?? 0,
  }))
  return { bars, most: Math.max(1, ...bars.map(({ train, validation, test }) => train + validation + test)) }
}

/** "largest to smallest 4 : 1", by the training pictures; empty without any. */
export function balanceOf({ counts: { train } }: DataReport): string {
  const [most, fewest] = [Math.max(0, ...train), Math.min(...train)]
  if (most === 0) return ''
  if (fewest === 0) return 'a class has no training picture'
  return `largest to smallest ${(most / fewest).toFixed(most / fewest < 10 ? 1 : 0)} : 1`
}

export interface Finding {
  readonly title: string
  /** One plain sentence. */
  readonly about: string
  readonly count: number
  readonly examples: readonly string[]
  /** How many are not among the examples. */
  readonly more: number
}

/** What was looked for, whether or not something was found. */
export function findingsOf({ duplicates, broken }: DataReport): Finding[] {
  const finding = (title: string, about: string, { count, examples }: DataReport['broken']): Finding => ({
    ...{ title, about, count, examples },
    more: Math.max(0, count - examples.length),
  })
  return [
    finding(
      'Equal pictures in several sets',
      'What was learned by heart is then tested: the figures look better than they are.',
      duplicates.leaks,
    ),
    finding(
      'Equal pictures of several classes',
      'One of the labels is wrong, and the model cannot learn both.',
      duplicates.ambiguous,
    ),
    finding('Other equal pictures', 'They count more than others, and do no other harm.', duplicates.others),
    finding('Broken pictures', 'Files that could not be read as pictures. They were left out.', broken),
  ]
}

/** What else is known, as terms and values. */
export function factsOf({
  imageSize,
  pictures,
  channels,
}: DataReport): { readonly title: string; readonly text: string }[] {
  const spread = ({ min, median, max }: { min: number; median: number; max: number }): string =>
    min === max ? `${min} px` : `${min} to ${max} px, half below ${median}`
  const shares = (values: readonly number[]): string => values.map((value) => percent(value, 0)).join(' · ')
  const colours = channels?.mean.length === 1 ? 'grey' : 'red, green, blue'
  return [
    { title: 'The model sees', text: `${imageSize} × ${imageSize} px` },
    ...(pictures === null
      ? []
      : [
          { title: 'Width', text: spread(pictures.width) },
          { title: 'Height', text: spread(pictures.height) },
          { title: 'Enlarged', text: pictures.enlarged === 0 ? 'none' : showCount(pictures.enlarged) },
        ]),
    ...(channels === null
      ? []
      : [
          { title: 'Brightness', text: `${shares(channels.mean)} (${colours})` },
          { title: 'Spread of it', text: shares(channels.std) },
        ]),
  ]
}
