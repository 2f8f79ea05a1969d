import { greater, minus, over, plus, relu, sqrt, times } from '../ir/elementwise.ts'
import { dims2, type Graph, type Value } from '../ir/graph.ts'
import { expand, matMul, sum } from '../ir/linear.ts'
import { oneHot } from '../ir/loss.ts'
import { firstMax } from '../ir/rows.ts'
import { constant, reshape } from '../ir/shape.ts'
import { inverse, scaled } from './parts.ts'
import type { LossInputs, LossOutputs, LossRule } from './rule.ts'

/*
 * Losses over pairs and triplets of a batch: outputs are embeddings, `[n, d]`, which shall be near each other for one class and far
 * for two. Distances are Euclidean. A prediction is the class of the nearest other sample of the batch.
 */

/** Larger than any distance: takes a pair out of a search. */
const FAR = 1e6
/** Inside the square root, so that its gradient at equal embeddings is finite. */
const TINY = 1e-12

/** The pairs of a batch, all `[n, n]`. */
interface Pairs {
  readonly count: number
  readonly distances: Value
  readonly squares: Value
  /** 1 for two different samples of one class, else 0. */
  readonly positive: Value
  /** 1 for two classes, else 0. */
  readonly negative: Value
}

function pairsOf(g: Graph, { output, labels, classCount }: LossInputs): Pairs {
  const [count] = dims2(output.shape)
  const lengths = sum(g, times(g, output, output), [1])
  const products = scaled(g, matMul(g, output, output, false, true), -2)
  const rows = plus(g, products, reshape(g, lengths, [count, 1]))
  const squares = relu(g, plus(g, rows, reshape(g, lengths, [1, count])))
  const classes = oneHot(g, labels, classCount)
  const same = matMul(g, classes, classes, false, true)
  const distances = sqrt(g, plus(g, squares, constant(g, [], [TINY])))
  return { count, distances, squares, positive: minus(g, same, identity(g, count)), negative: inverse(g, same) }
}

const identity = (g: Graph, count: number): Value =>
  constant(
    g,
    [count, count],
    Array.from({ length: count ** 2 }, (_, i) => (i % (count + 1) === 0 ? 1 : 0)),
  )

/** `x` where `isWanted` is 1, else something so small that no search over the last axis finds it. */
const only = (g: Graph, x: Value, isWanted: Value): Value => minus(g, x, scaled(g, inverse(g, isWanted), FAR))

/** Largest of each row. */
const rowMax = (g: Graph, x: Value): Value => sum(g, times(g, x, firstMax(g, x)), [x.shape.length - 1])

const positivePart = (g: Graph, x: Value, margin: number): Value => relu(g, plus(g, x, constant(g, [], [margin])))

/** Sum over all axes, `[]`, but at least 1. */
function countOf(g: Graph, x: Value): Value {
  const total = sum(
    g,
    x,
    x.shape.map((_, axis) => axis),
  )
  const one = constant(g, [], [1])
  return plus(g, relu(g, minus(g, total, one)), one)
}

/** Losses per anchor whose mean over the batch is the mean over what `weights` counts. */
const averaged = (g: Graph, count: number, perAnchor: Value, weights: Value): Value =>
  over(g, scaled(g, perAnchor, count), countOf(g, weights))

const embedding = (lossesOf: (g: Graph, pairs: Pairs) => Value): LossRule => ({
  activation: null,
  targets: 'unused',
  expects: () => null,
  build(g, inputs): LossOutputs {
    const pairs = pairsOf(g, inputs)
    const others = inverse(g, identity(g, pairs.count))
    const nearest = firstMax(g, only(g, scaled(g, pairs.distances, -1), others))
    const correct = sum(g, times(g, nearest, pairs.positive), [1])
    const probabilities = matMul(g, nearest, oneHot(g, inputs.labels, inputs.classCount))
    return { losses: lossesOf(g, pairs), correct, probabilities }
  },
})

/**
 * Contrastive loss over all pairs of a batch (Hadsell, Chopra & LeCun 2006): squared distance within a class, squared shortfall of `margin`
 * between two.
 */
export const contrastive = (margin: number): LossRule =>
  embedding((g, { count, distances, squares, positive, negative }) => {
    const shortfall = positivePart(g, scaled(g, distances, -1), margin)
    const pulled = times(g, squares, positive)
    const pushed = times(g, times(g, shortfall, shortfall), negative)
    return scaled(g, sum(g, plus(g, pulled, pushed), [1]), 1 / Math.max(1, count - 1))
  })

/**
 * Triplet loss with the hardest positive and the hardest negative of each anchor (Hermans, Beyer & Leibe 2017, arXiv:1703.07737), mean over
 * the anchors that have both.
 */
export const tripletHard = (margin: number): LossRule =>
  embedding((g, { count, distances, positive, negative }) => {
    const furthest = rowMax(g, only(g, distances, positive))
    const nearest = rowMax(g, only(g, scaled(g, distances, -1), negative))
    const isAnchor = times(g, hasAny(g, positive), hasAny(g, negative))
    const losses = times(g, positivePart(g, plus(g, furthest, nearest), margin), isAnchor)
    return averaged(g, count, losses, isAnchor)
  })

/** 1 for rows that hold a 1. */
const hasAny = (g: Graph, x: Value): Value => greater(g, sum(g, x, [x.shape.length - 1]), constant(g, [], [0.5]))

/**
 * Triplet loss with semi-hard negatives (Schroff, Kalenichenko & Philbin 2015, arXiv:1503.03832): for each pair of one class, the nearest
 * negative that is further than the positive, or the furthest when there is none; mean over the pairs.
 */
export const tripletSemiHard = (margin: number): LossRule =>
  embedding((g, { count, distances, positive, negative }) => {
    const shape = [count, count, count]
    const toNegative = expand(g, reshape(g, distances, [count, 1, count]), shape)
    const isNegative = expand(g, reshape(g, negative, [count, 1, count]), shape)
    const isFurther = times(g, greater(g, toNegative, reshape(g, distances, [count, count, 1])), isNegative)
    const semiHard = scaled(g, rowMax(g, only(g, scaled(g, toNegative, -1), isFurther)), -1)
    const furthest = reshape(g, rowMax(g, only(g, distances, negative)), [count, 1])
    const isFound = hasAny(g, isFurther)
    const chosen = plus(g, times(g, semiHard, isFound), times(g, inverse(g, isFound), furthest))
    const isPair = times(g, positive, reshape(g, hasAny(g, negative), [count, 1]))
    const losses = times(g, positivePart(g, minus(g, distances, chosen), margin), isPair)
    return averaged(g, count, sum(g, losses, [1]), isPair)
  })
