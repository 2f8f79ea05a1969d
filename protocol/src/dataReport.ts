import * as v from 'valibot'
import { MAX_DATA_EXAMPLES, MAX_DATA_LINE_LENGTH, MAX_DATA_REPORT_LENGTH, MAX_DATA_VIOLATIONS } from './limits.ts'
import { Count, Finite, Name } from './values.ts'

const Line = v.pipe(v.string(), v.maxLength(MAX_DATA_LINE_LENGTH))
/** How many there are of a kind, and the first of them in words. */
const Found = v.object({ count: Count, examples: v.pipe(v.array(Line), v.maxLength(MAX_DATA_EXAMPLES)) })
/** Smallest, middle and largest of some numbers, in pixels. */
const Spread = v.object({ min: Count, median: Count, max: Count })
/** One number per channel: red, green, blue, or grey. Images count from 0 to 1. */
const PerChannel = v.pipe(v.array(Finite), v.maxLength(4))
const PerClass = v.pipe(v.array(Count), v.maxLength(1000))

/** An expectation that the data do not meet: what, and what helps. While there is one, the agent trains nothing. */
export const DataViolation = v.object({ message: Line, advice: v.optional(Line) })
export type DataViolation = v.InferOutput<typeof DataViolation>

/** What an agent found of its notebook's images before any training. */
export const DataReport = v.pipe(
  v.object({
    classNames: v.pipe(v.array(Name), v.maxLength(1000)),
    /** Side of the images in pixels. */
    imageSize: Count,
    /** Images of each class, in the order of `classNames`. */
    counts: v.object({ train: PerClass, validation: PerClass, test: PerClass }),
    /** Groups of images whose pixels are equal: `leaks` lie in more than one set, `ambiguous` in more than one class, or both; then the others. */
    duplicates: v.object({ leaks: Found, ambiguous: Found, others: Found }),
    /** Files that are no pictures, and why; they were left out. */
    broken: Found,
    /** Sizes before the pictures became images, and how many had to be enlarged; null for sets that do not come from files. */
    pictures: v.nullable(v.object({ width: Spread, height: Spread, enlarged: Count })),
    /** Of the training images; null without any. */
    channels: v.nullable(v.object({ mean: PerChannel, std: PerChannel })),
    violations: v.pipe(v.array(DataViolation), v.maxLength(MAX_DATA_VIOLATIONS)),
  }),
  v.check(
    ({ classNames, counts: { train, validation, test } }) =>
      [train, validation, test].every(({ length }) => length === classNames.length),
    'a count for each class in each set',
  ),
  v.check(
    (report) => JSON.stringify(report).length <= MAX_DATA_REPORT_LENGTH,
    `at most ${MAX_DATA_REPORT_LENGTH} characters of JSON`,
  ),
)
export type DataReport = v.InferOutput<typeof DataReport>
