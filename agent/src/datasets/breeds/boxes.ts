import { DatasetError } from '../errors.ts'
import type { Crop } from '../pixels/decode.ts'

/** Largest annotation read; the official ones have some hundred bytes for each animal. */
export const MAX_ANNOTATION_BYTES = 2 ** 16

const MAX_DEPTH = 8
const SIDES = ['xmin', 'ymin', 'xmax', 'ymax'] as const
const SHOWN_LENGTH = 80

// What the few files of this kind are made of: tags without attributes that matter, and text.
const TOKEN = /<([^<>]*)>|([^<>]+)|[<>]/g

type Numbers = Map<string, number>

/** What has been read so far of one annotation. */
interface Reading {
  readonly at: string
  readonly text: string
  /** Names of the open elements, the outermost first. */
  readonly open: string[]
  readonly size: Numbers
  /** The box under way. */
  box: Numbers
  readonly boxes: { readonly sides: Numbers; readonly index: number }[]
}

function refuse({ at, text }: Reading, index: number, expected: string, got: string): never {
  const line = text.slice(0, index).split('\n').length
  throw new DatasetError('E_FORMAT', `${at}, line ${line}`, expected, JSON.stringify(got.slice(0, SHOWN_LENGTH)))
}

function readTag(reading: Reading, tag: string, index: number): void {
  const { open } = reading
  // A document type could define words of its own; nobody needs one here.
  if (tag.startsWith('!')) refuse(reading, index, 'elements only', `<${tag}>`)
  if (tag.startsWith('?') || tag.endsWith('/')) return
  if (!tag.startsWith('/')) {
    const name = tag.split(/\s/, 1)[0] as string
    if (open.length === 0 && name !== 'annotation') refuse(reading, index, '<annotation>', `<${tag}>`)
    if (open.length === MAX_DEPTH) refuse(reading, index, `at most ${MAX_DEPTH} elements inside each other`, `<${tag}>`)
    open.push(name)
    return
  }
  const name = open.pop()
  if (name !== tag.slice(1).trim()) refuse(reading, index, `</${name ?? 'nothing'}>`, `<${tag}>`)
  if (open.join('/') !== 'annotation/object' || name !== 'bndbox') return
  reading.boxes.push({ sides: reading.box, index })
  reading.box = new Map()
}

function readText(reading: Reading, text: string, index: number): void {
  const path = reading.open.join('/')
  const name = path.slice(path.lastIndexOf('/') + 1)
  const isSide = path === `annotation/object/bndbox/${name}` && (SIDES as readonly string[]).includes(name)
  const isSize = path === 'annotation/size/width' || path === 'annotation/size/height'
  if (!isSide && !isSize) {
    if (path === '' && text.trim() !== '') refuse(reading, index, '<annotation>', text.trim())
    return
  }
  if (!/^\d{1,6}(?:\.\d{1,9})?$/.test(text.trim())) refuse(reading, index, `${name} in pixels`, text.trim())
  const numbers = isSide ? reading.box : reading.size
  numbers.set(name, Math.round(Number(text)))
}

/** Boxes count pixels from 1 and include the last one, as PASCAL VOC's do; what lies outside the picture is cut off. */
function cropOf(reading: Reading, sides: Numbers, index: number): Crop {
  const missing = SIDES.find((side) => !sides.has(side))
  if (missing) refuse(reading, index, SIDES.join(', '), `no ${missing}`)
  const [xmin, ymin, xmax, ymax] = SIDES.map((side) => sides.get(side)) as [number, number, number, number]
  // Some files say 0 × 0.
  const [width, height] = [reading.size.get('width') || xmax, reading.size.get('height') || ymax]
  const [left, top] = [Math.max(0, xmin - 1), Math.max(0, ymin - 1)]
  const [right, bottom] = [Math.min(xmax, width), Math.min(ymax, height)]
  if (right <= left || bottom <= top) {
    refuse(reading, index, `a box inside ${width} × ${height}`, `x ${xmin} to ${xmax}, y ${ymin} to ${ymax}`)
  }
  return { left, top, width: right - left, height: bottom - top }
}

/**
 * The boxes of one annotation (PASCAL VOC's XML, `annotation/object/bndbox`), in pixels of the picture, in the order of the file;
 * fractions are rounded. Throws DatasetError `E_FORMAT` with file and line.
 */
export function parseBoxes(text: string, at: string): Crop[] {
  const reading: Reading = { at, text, open: [], size: new Map(), box: new Map(), boxes: [] }
  let isEmpty = true
  for (const { 0: token, 1: tag, 2: words, index } of text.matchAll(TOKEN)) {
    if (tag !== undefined) readTag(reading, tag, index)
    else if (words !== undefined) readText(reading, words, index)
    else refuse(reading, index, 'whole tags', token)
    isEmpty &&= reading.open.length === 0
  }
  const unclosed = isEmpty ? 'annotation' : reading.open.at(-1)
  if (unclosed !== undefined) refuse(reading, text.length, `${isEmpty ? '<' : '</'}${unclosed}>`, 'the end of the file')
  return reading.boxes.map(({ sides, index }) => cropOf(reading, sides, index))
}

/** The box of the animal in front: the largest one. Null when there is none. */
export const largestBox = (boxes: readonly Crop[]): Crop | null =>
  boxes.reduce<Crop | null>(
    (best, box) => (best === null || box.width * box.height > best.width * best.height ? box : best),
    null,
  )
