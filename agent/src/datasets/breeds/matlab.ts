import { inflateSync } from 'node:zlib'
import { DatasetError } from '../errors.ts'

// Source: "MAT-File Format" (MathWorks), chapter 1: Level 5 MAT-files. Only what lists of names are made of.

/** Most bytes of one file once unpacked, and most cells of one array. */
export const MAX_MAT_BYTES = 64 * 2 ** 20
export const MAX_MAT_CELLS = 100_000

/** Flags, dimensions and name stand before the cells. */
const MAX_ELEMENTS = MAX_MAT_CELLS + 3

const HEADER_BYTES = 128
const VERSION_AT = 124
const VERSION = 0x0100
const LITTLE_ENDIAN = 'IM'
const BIG_ENDIAN = 'MI'

const MI_INT32 = 5
const MI_UINT32 = 6
const MI_MATRIX = 14
const MI_COMPRESSED = 15
const CELL_CLASS = 1
const CHAR_CLASS = 4

/** How the types of text are read: by their numbers. MATLAB writes 16 bits a character, others a byte. */
const TEXT_ENCODINGS: Readonly<Record<number, 'latin1' | 'utf8' | 'utf16le'>> = {
  1: 'latin1', // miINT8
  2: 'latin1', // miUINT8
  4: 'utf16le', // miUINT16
  16: 'utf8', // miUTF8
  17: 'utf16le', // miUTF16
}

/** Bytes that are known to be whole elements, how to read them and where they are from. */
interface Span {
  readonly bytes: Uint8Array
  readonly isLittle: boolean
  readonly at: string
}

interface Element {
  readonly type: number
  readonly data: Uint8Array
}

interface Matrix {
  readonly kind: number
  readonly name: string
  /** Product of the dimensions. */
  readonly count: number
  readonly rows: number
  readonly rest: Element[]
}

const refuse = (at: string, expected: string, got: string): never => {
  throw new DatasetError('E_FORMAT', at, expected, got)
}

/** Cuts a span into its elements: a tag of 8 bytes and data, or both in 8 bytes ("small data elements"). */
function* elementsOf({ bytes, isLittle, at }: Span): Generator<Element, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let from = 0, count = 0; from < bytes.length; count++) {
    const place = `${at}, byte ${from}`
    if (count > MAX_ELEMENTS) refuse(at, `at most ${MAX_ELEMENTS} elements side by side`, 'more')
    if (bytes.length - from < 8) refuse(place, 'a tag of 8 bytes', `${bytes.length - from}`)
    const first = view.getUint32(from, isLittle)
    const smallBytes = first >>> 16
    const type = smallBytes === 0 ? first : first & 0xffff
    const sizeBytes = smallBytes === 0 ? view.getUint32(from + 4, isLittle) : smallBytes
    const start = from + (smallBytes === 0 ? 8 : 4)
    const room = smallBytes === 0 ? bytes.length - start : 4
    if (sizeBytes > room) refuse(place, `an element of at most ${room} bytes`, `${sizeBytes}`)
    yield { type, data: bytes.subarray(start, start + sizeBytes) }
    // Only compressed elements are not filled up to a multiple of 8 bytes.
    const padding = type === MI_COMPRESSED ? 0 : (8 - (sizeBytes % 8)) % 8
    from = smallBytes === 0 ? start + sizeBytes + padding : from + 8
  }
}

function unpack(data: Uint8Array, at: string): Uint8Array {
  try {
    return inflateSync(data, { maxOutputLength: MAX_MAT_BYTES })
  } catch (error) {
    const got = `"${(error as Error).message}"`
    throw new DatasetError('E_FORMAT', at, `a compressed element of at most ${MAX_MAT_BYTES} bytes`, got, {
      cause: error,
    })
  }
}

function numbersOf({ type, data }: Element, isLittle: boolean, at: string): number[] {
  if (type !== MI_INT32 && type !== MI_UINT32) refuse(at, 'integers of 32 bits', `type ${type}`)
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return Array.from({ length: Math.floor(data.length / 4) }, (_, index) => view.getUint32(index * 4, isLittle))
}

/** An array's flags, dimensions and name; the rest is its contents. */
function parseMatrix(span: Span): Matrix {
  const { isLittle, at } = span
  const [flags, dimensions, name, ...rest] = elementsOf(span)
  if (!flags || !dimensions || !name) return refuse(at, 'flags, dimensions and a name', 'the end of the array')
  const sizes = numbersOf(dimensions, isLittle, at)
  const count = sizes.reduce((product, size) => product * size, 1)
  if (sizes.length < 2 || count > MAX_MAT_BYTES) refuse(at, 'an array with dimensions', sizes.slice(0, 8).join(' × '))
  const [word = 0] = numbersOf(flags, isLittle, at)
  const text = Buffer.from(name.data).toString('latin1')
  return { kind: word & 0xff, name: text, count, rows: sizes[0] as number, rest }
}

/** The text of an array of characters with one row. */
function textOf(cell: Element, isLittle: boolean, at: string): string {
  if (cell.type !== MI_MATRIX) refuse(at, 'an array', `type ${cell.type}`)
  const { kind, count, rows, rest } = parseMatrix({ bytes: cell.data, isLittle, at })
  const [data] = rest
  if (kind !== CHAR_CLASS || rows !== 1 || !data)
    return refuse(at, 'a row of characters', `class ${kind}, ${rows} rows`)
  const encoding = TEXT_ENCODINGS[data.type]
  if (encoding === undefined) return refuse(at, 'characters', `type ${data.type}`)
  const bytes = Buffer.from(data.data)
  if (encoding === 'utf16le' && bytes.length % 2 === 1) refuse(at, 'whole characters', `${bytes.length} bytes`)
  if (encoding === 'utf16le' && !isLittle) bytes.swap16()
  const text = bytes.toString(encoding)
  if (text.length !== count) refuse(at, `${count} characters`, `${text.length}`)
  return text
}

/** The arrays of a file, unpacked. */
function* matricesOf({ bytes, isLittle, at }: Span): Generator<Span, void, undefined> {
  let room = MAX_MAT_BYTES
  for (const { type, data } of elementsOf({ bytes, isLittle, at })) {
    if (type === MI_MATRIX) yield { bytes: data, isLittle, at }
    if (type !== MI_COMPRESSED) continue
    const unpacked = unpack(data, at)
    room -= unpacked.length
    if (room < 0) refuse(at, `at most ${MAX_MAT_BYTES} bytes once unpacked`, 'more')
    for (const inner of elementsOf({ bytes: unpacked, isLittle, at })) {
      if (inner.type === MI_MATRIX) yield { bytes: inner.data, isLittle, at }
    }
  }
}

function spanOf(bytes: Uint8Array, at: string): Span {
  const mark = Buffer.from(bytes.subarray(VERSION_AT + 2, HEADER_BYTES)).toString('latin1')
  const isLittle = mark === LITTLE_ENDIAN
  if (bytes.length < HEADER_BYTES || (!isLittle && mark !== BIG_ENDIAN)) {
    refuse(at, 'a MATLAB 5 file', `${bytes.length} bytes of something else`)
  }
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint16(VERSION_AT, isLittle)
  if (version !== VERSION) refuse(at, `a MATLAB 5 file, version ${VERSION}`, `version ${version}`)
  return { bytes: bytes.subarray(HEADER_BYTES), isLittle, at }
}

/**
 * The strings of the cell array with that name, in a MATLAB 5 file, in either byte order, compressed or not. `at` names the file in
 * errors, which count cells from 1 as MATLAB does. Throws DatasetError `E_FORMAT`.
 */
export function readCellStrings(bytes: Uint8Array, name: string, at: string): string[] {
  const seen: string[] = []
  for (const span of matricesOf(spanOf(bytes, at))) {
    const matrix = parseMatrix(span)
    if (matrix.name !== name) {
      seen.push(matrix.name.slice(0, 40))
      continue
    }
    const place = `${at}, ${name}`
    if (matrix.kind !== CELL_CLASS) refuse(place, 'a cell array', `an array of class ${matrix.kind}`)
    if (matrix.count > MAX_MAT_CELLS) refuse(place, `at most ${MAX_MAT_CELLS} cells`, `${matrix.count}`)
    if (matrix.rest.length !== matrix.count) refuse(place, `${matrix.count} cells`, `${matrix.rest.length}`)
    return matrix.rest.map((cell, index) => textOf(cell, span.isLittle, `${place}{${index + 1}}`))
  }
  return refuse(at, `a variable ${name}`, seen.length === 0 ? 'none' : seen.slice(0, 10).join(', '))
}
