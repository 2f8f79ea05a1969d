import * as v from 'valibot'
import { MAX_METRICS, MAX_THUMBNAIL_SIZE, MAX_THUMBNAILS, MAX_THUMBNAILS_PER_CELL } from './limits.ts'
import { MetricName } from './records.ts'
import { Count, Finite, Fraction } from './values.ts'

/** Most classes, as a task may have, and most points of a curve and bins: more would only slow a page. */
const MAX_CLASSES = 1000
const MAX_POINTS = 1000
const Rates = v.pipe(v.array(Fraction), v.maxLength(MAX_POINTS))
const perClass = <T extends v.GenericSchema>(schema: T) => v.pipe(v.array(schema), v.maxLength(MAX_CLASSES))

const ClassIndex = v.pipe(Count, v.maxValue(MAX_CLASSES - 1))
const OneOrMore = v.pipe(Count, v.minValue(1))

/** 95 % intervals of metrics, low and high, by the metrics' names. */
export const Intervals = v.pipe(v.record(MetricName, v.tuple([Finite, Finite])), v.maxEntries(MAX_METRICS))
export type Intervals = v.InferOutput<typeof Intervals>

/**
 * Where in `thumbnails.webp`, an artifact of the model, the pictures of a cell of the confusion are: all of them in the order of `cells`, row by
 * row, `columns` to a row, squares of `size` pixels. `probabilities` are those that the model gave the class that it named.
 */
export const Thumbnails = v.object({
  size: v.pipe(OneOrMore, v.maxValue(MAX_THUMBNAIL_SIZE)),
  columns: v.pipe(OneOrMore, v.maxValue(MAX_THUMBNAILS)),
  cells: v.pipe(
    v.array(
      v.object({
        was: ClassIndex,
        said: ClassIndex,
        count: v.pipe(OneOrMore, v.maxValue(MAX_THUMBNAILS_PER_CELL)),
        probabilities: v.optional(v.pipe(v.array(Fraction), v.maxLength(MAX_THUMBNAILS_PER_CELL))),
      }),
    ),
    v.maxLength(MAX_THUMBNAILS),
    v.check(
      (cells) => cells.reduce((sum, { count }) => sum + count, 0) <= MAX_THUMBNAILS,
      `at most ${MAX_THUMBNAILS} pictures`,
    ),
  ),
})
export type Thumbnails = v.InferOutput<typeof Thumbnails>

/** Lists are in the order of classNames. Each part may be missing: an agent leaves out what it did not measure, or what would not fit. */
export const ModelEvaluation = v.object({
  /** Rows are the true class, columns the predicted one. */
  confusion: v.optional(
    v.pipe(
      perClass(v.array(Count)),
      v.check((rows) => rows.every((row) => row.length === rows.length), 'as many columns as rows'),
    ),
  ),
  /** Pictures of its cells; absent where the notebook keeps its pictures to itself. */
  thumbnails: v.optional(Thumbnails),
  /** Of each class against the rest. `auc` and `averagePrecision` are null where the test set has no picture of it, or of another. */
  classes: v.optional(
    perClass(
      v.object({
        precision: Fraction,
        recall: Fraction,
        f1: Fraction,
        support: Count,
        auc: v.nullable(Fraction),
        averagePrecision: v.nullable(Fraction),
      }),
    ),
  ),
  intervals: v.optional(Intervals),
  /** Bins of equal width of the probability that the model gave its answer: how many pictures, the mean probability, the accuracy. */
  calibration: v.optional(
    v.pipe(v.array(v.object({ count: Count, confidence: Fraction, accuracy: Fraction })), v.maxLength(MAX_POINTS)),
  ),
  /** A curve for each class, from (0, 0) to (1, 1); null as for `auc`. */
  roc: v.optional(perClass(v.nullable(v.object({ falsePositiveRates: Rates, truePositiveRates: Rates })))),
})
export type ModelEvaluation = v.InferOutput<typeof ModelEvaluation>
