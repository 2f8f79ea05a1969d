import { DatasetError } from '../errors.ts'
import { type GroupedImages, stratifiedGroupSplit } from '../groupSplit.ts'
import type { ImageFolderOptions } from '../types.ts'
import type { Side, SideRule } from './contentSides.ts'

/** A picture whose set is to be found. */
interface Grouped {
  readonly name: string
  readonly className: string
  readonly sha256: string
  readonly label: number
}

type GroupOf = NonNullable<ImageFolderOptions['groupOf']>

/**
 * The side of each picture, groups being kept together, and copies with them: a picture that lies in two groups makes them one. The test set does not
 * depend on `validationSplit`, nor anything on the order of the files. Throws DatasetError `E_OPTION` for a group that is no text.
 */
export function sidesByGroup(files: readonly Grouped[], groupOf: GroupOf, rule: SideRule): Side[] {
  const classCount = files.reduce((most, { label }) => Math.max(most, label + 1), 0)
  const order = [...files.keys()].sort((a, b) => compare(files[a] as Grouped, files[b] as Grouped))
  const sorted = order.map((index) => files[index] as Grouped)
  const groups = groupsOf(sorted, groupOf)
  const all: GroupedImages = { labels: sorted.map(({ label }) => label), groups, classCount }
  const test = stratifiedGroupSplit(all, rule.testSplit, rule.seed)
  const rest = test.train
  const left = {
    labels: rest.map((index) => all.labels[index] as number),
    groups: rest.map((index) => groups[index] as number),
    classCount,
  }
  const held = stratifiedGroupSplit(left, rule.validationSplit, rule.seed, 1)
  const sides = files.map((): Side => 'train')
  for (const index of test.validation) sides[order[index] as number] = 'test'
  for (const index of held.validation) sides[order[rest[index] as number] as number] = 'validation'
  return sides
}

const compare = (a: Grouped, b: Grouped): number =>
  a.sha256 !== b.sha256 ? (a.sha256 < b.sha256 ? -1 : 1) : a.name < b.name ? -1 : 1

/** A number for each picture, the same for those that belong together: by their group's name, by their content, or by way of others. */
function groupsOf(files: readonly Grouped[], groupOf: GroupOf): number[] {
  const parents = files.map((_, index) => index)
  const rootOf = (index: number): number => {
    let root = index
    while (parents[root] !== root) root = parents[root] = parents[parents[root] as number] as number
    return root
  }
  const firsts = new Map<string, number>()
  const join = (key: string, index: number): void => {
    const first = firsts.get(key)
    if (first === undefined) firsts.set(key, index)
    else parents[rootOf(index)] = rootOf(first)
  }
  files.forEach(({ name, className, sha256 }, index) => {
    const group: unknown = groupOf({ name, className })
    if (group !== undefined && typeof group !== 'string')
      throw new DatasetError('E_OPTION', 'datasets.imageFolder: groupOf', 'a text or undefined', `${group} of ${name}`)
    join(`content ${sha256}`, index)
    if (group !== undefined) join(`group ${group}`, index)
  })
  return files.map((_, index) => rootOf(index))
}
