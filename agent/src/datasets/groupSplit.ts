import { countsOf } from './classWeights.ts'
import { seededRandom, shuffle } from './random.ts'
import type { Split } from './split.ts'

// Keeps the stream of these splits apart from other streams of the same seed.
const GROUP_STREAM = 0x67727073

/** Images in groups, one entry for each image. */
export interface GroupedImages {
  /** 0 ≤ label < classCount. */
  readonly labels: readonly number[]
  /** Equal numbers belong together. */
  readonly groups: readonly number[]
  readonly classCount: number
}

/**
 * Holds out whole groups of images, about a fraction (0 ≤ `fraction` < 1) of each class. Groups come in an order that `seed` and `part` draw, and
 * one is held out when that brings the classes nearer to their fractions, as scikit-learn's StratifiedGroupKFold shares groups out, and leaves
 * each class an image. Where each group is of one class, a class is off by at most half its largest group, unless all but one of its groups
 * are held out.
 */
export function stratifiedGroupSplit(images: GroupedImages, fraction: number, seed: number, part = 0): Split {
  const { labels, groups, classCount } = images
  const totals = countsOf(labels, classCount)
  const held = new Array<number>(classCount).fill(0)
  const heldOut = new Set<number>()
  const members = membersOf(groups)
  for (const group of shuffle([...members.keys()], seededRandom(seed, GROUP_STREAM, part))) {
    const own = countsOf(
      (members.get(group) ?? []).map((index) => labels[index] as number),
      classCount,
    )
    const both = held.map((count, c) => count + (own[c] as number))
    const leavesAll = own.every((count, c) => count === 0 || (both[c] as number) < (totals[c] as number))
    if (!leavesAll || offBy(both, totals, fraction) >= offBy(held, totals, fraction)) continue
    heldOut.add(group)
    both.forEach((count, c) => {
      held[c] = count
    })
  }
  const [train, validation]: [number[], number[]] = [[], []]
  groups.forEach((group, index) => {
    if (heldOut.has(group)) validation.push(index)
    else train.push(index)
  })
  return { train, validation }
}

function membersOf(groups: readonly number[]): Map<number, number[]> {
  const members = new Map<number, number[]>()
  groups.forEach((group, index) => {
    const known = members.get(group)
    if (known === undefined) members.set(group, [index])
    else known.push(index)
  })
  return members
}

/** How far the held-out parts of the classes are from the fraction, squared and added up: small classes count as much as large ones. */
const offBy = (held: readonly number[], totals: readonly number[], fraction: number): number =>
  totals.reduce((sum, total, c) => sum + (total === 0 ? 0 : ((held[c] as number) / total - fraction) ** 2), 0)
