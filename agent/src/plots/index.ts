import { balance } from './balance.ts'
import { confusion } from './confusion.ts'
import { curves } from './curves.ts'
import { mistakes } from './mistakes.ts'
import { samples } from './samples.ts'

export type { MistakesOptions } from './mistakes.ts'
export type { Picture } from './picture.ts'
export type { SamplesOptions } from './samples.ts'
export { show } from './show.ts'

/** Pictures for a notebook's output, as SVG text: `show(plots.samples(data.train, data.task.classNames))`. */
export const plots: {
  /** Some images of each class. */
  samples: typeof samples
  /** Images of each class as bars. */
  balance: typeof balance
  /** Loss and accuracy by epoch. */
  curves: typeof curves
  /** Which classes are taken for which. */
  confusion: typeof confusion
  /** The images that a model is surest of and names wrongly. */
  mistakes: typeof mistakes
} = { samples, balance, curves, confusion, mistakes }
