import { imageName, isAcrossSets, isAmbiguous } from './duplicates.ts'
import { SIDES } from './folder/contentSides.ts'
import type { Inspection, Spread } from './inspect.ts'

/** Most examples of one kind; the rest is counted. */
const MAX_EXAMPLES = 5

const counted = (count: number): string => count.toLocaleString('en')

/** Rows of cells, the first column to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column] as number) : text.padStart(widths[column] as number)
  return rows.map((row) => `  ${row.map(cell).join('  ')}`.trimEnd())
}

function classTable({ classNames, counts }: Inspection): string[] {
  const rows = classNames.map((name, label) => [
    name,
    ...SIDES.map((side) => counted(counts[side].perClass[label] ?? 0)),
  ])
  return table([['class', ...SIDES], ...rows, ['all', ...SIDES.map((side) => counted(counts[side].all))]])
}

/** A line that says how many, and examples below. */
function examples(title: string, items: readonly string[]): string[] {
  const more = items.length - MAX_EXAMPLES
  const shown = items.slice(0, MAX_EXAMPLES).map((item) => `  ${item}`)
  return [
    `${title}: ${items.length === 0 ? 'none' : counted(items.length)}`,
    ...shown,
    ...(more > 0 ? [`  and ${counted(more)} more`] : []),
  ]
}

function duplicateLines({ duplicates }: Inspection): string[] {
  const named = (isOne: (group: (typeof duplicates)[number]) => boolean): string[] =>
    duplicates.filter(isOne).map((group) => group.map(imageName).join(' = '))
  return [
    ...examples('Equal images in more than one set', named(isAcrossSets)),
    ...examples('Equal images of different classes', named(isAmbiguous)),
    ...examples(
      'Other equal images',
      named((group) => !isAcrossSets(group) && !isAmbiguous(group)),
    ),
  ]
}

const spread = ({ min, median, max }: Spread): string => `${min} to ${max}, median ${median}`

const decimals = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(' ')

/** An inspection in lines of plain text, for the output of a notebook's cell. */
export function inspectText(inspection: Inspection): string {
  const { task, classNames, imageSize, broken, pictures, channels } = inspection
  const lines = [`${task}: ${classNames.length} classes, images of ${imageSize} × ${imageSize} pixels`]
  lines.push(...classTable(inspection), ...duplicateLines(inspection))
  lines.push(
    ...examples(
      'Broken pictures, left out',
      broken.map(({ name, reason }) => `${name}: ${reason}`),
    ),
  )
  if (pictures) {
    lines.push(`Pictures in pixels: width ${spread(pictures.width)}; height ${spread(pictures.height)}`)
    lines.push(`Pictures smaller than an image: ${counted(pictures.enlarged)}`)
  }
  if (channels)
    lines.push(
      `Red, green, blue from 0 to 1: mean ${decimals(channels.mean)}, standard deviation ${decimals(channels.std)}`,
    )
  return lines.join('\n')
}
