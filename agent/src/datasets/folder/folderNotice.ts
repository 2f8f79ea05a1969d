import type { BrokenImage } from '../types.ts'
import { SIDES, type Side } from './contentSides.ts'

/** Most names in one sentence; the rest is counted. */
const MAX_NAMED = 5

/** What there is to say of. */
export interface FolderFacts {
  readonly settings: { readonly testSplit: number; readonly validationSplit: number }
  readonly classNames: readonly string[]
  readonly left: readonly {
    readonly name: string
    readonly className: string
    readonly side: Side
    readonly sha256: string
  }[]
  readonly broken: readonly BrokenImage[]
  readonly cacheProblem: string | null
}

const counted = (count: number): string => count.toLocaleString('en')

function listed(items: readonly string[]): string {
  const more = items.length - MAX_NAMED
  return [...items.slice(0, MAX_NAMED), ...(more > 0 ? [`and ${counted(more)} more`] : [])].join(', ')
}

/** Pictures that lie in the folders of two classes, each with its names. */
function ambiguous(left: FolderFacts['left']): string[] {
  const first = new Map<string, FolderFacts['left'][number]>()
  const pairs: string[] = []
  for (const one of left) {
    const other = first.get(one.sha256)
    if (other && other.className !== one.className) pairs.push(`${other.name} = ${one.name}`)
    if (!other) first.set(one.sha256, one)
  }
  return pairs
}

function missingClasses({ settings, classNames, left }: FolderFacts): string[] {
  const wanted = SIDES.filter((side) => {
    if (side === 'train') return true
    return side === 'test' ? settings.testSplit > 0 : settings.validationSplit > 0
  })
  return wanted.flatMap((side) => {
    const has = new Set(left.filter((one) => one.side === side).map(({ className }) => className))
    const lacks = classNames.filter((name) => !has.has(name))
    return lacks.length === 0 ? [] : [`No ${side} images of: ${listed(lacks)}; more pictures or another seed help.`]
  })
}

/** What a person should know about the folders, in plain sentences; empty when all is well. */
export function folderNotice(facts: FolderFacts): string {
  const { left, broken, cacheProblem } = facts
  const sentences: string[] = []
  if (broken.length > 0) {
    const names = listed(broken.map(({ name, reason }) => `${name} (${reason})`))
    sentences.push(
      `Broken and left out (${counted(broken.length)} of ${counted(left.length + broken.length)}): ${names}.`,
    )
  }
  const twice = ambiguous(left)
  if (twice.length > 0)
    sentences.push(`The same picture in the folders of two classes (${counted(twice.length)}): ${listed(twice)}.`)
  sentences.push(...missingClasses(facts))
  if (cacheProblem !== null) sentences.push(`Decoded images could not be kept for the next start (${cacheProblem}).`)
  return sentences.join(' ')
}
