import { type Artifact, MAX_THUMBNAILS_BYTES, THUMBNAILS_FILE, type Thumbnails } from '@pawprint/protocol'

/** Pictures of one cell, and where in the sheet the first of them is, from 0. */
export interface Shown {
  readonly first: number
  readonly count: number
  /** Of the class that the model named; empty where they are not known. */
  readonly probabilities: readonly number[]
}

/** The pictures of class `was` that the model took for `said`; null where there are none. */
export function cellOf({ cells }: Thumbnails, was: number, said: number): Shown | null {
  let first = 0
  for (const cell of cells) {
    if (cell.was === was && cell.said === said)
      return { first, count: cell.count, probabilities: cell.probabilities ?? [] }
    first += cell.count
  }
  return null
}

/** Where picture `place` is in the sheet, when each is shown as a square of `side` px: px from the left, from the top. */
export const offsetOf = ({ columns }: Thumbnails, place: number, side: number): readonly [number, number] => [
  (place % columns) * side,
  Math.floor(place / columns) * side,
]

/** Width and height of the whole sheet in squares. */
export function squaresOf({ columns, cells }: Thumbnails): readonly [number, number] {
  const count = cells.reduce((sum, cell) => sum + cell.count, 0)
  return [columns, Math.ceil(count / columns)]
}

/**
 * Why these bytes are not the sheet of these thumbnails; null when they are. Told by the header of a lossy WebP file without alpha (RFC 9649, RFC 6386
 * § 9.1), before anything is decoded: a small file may hold a picture that fills the memory.
 */
export function problemOf(bytes: Uint8Array, thumbnails: Thumbnails): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isText = (at: number, text: string): boolean =>
    [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0))
  const isWebp = bytes.length >= 30 && isText(0, 'RIFF') && isText(8, 'WEBPVP8 ') && isText(23, '\x9d\x01\x2a')
  if (!isWebp) return 'it is no WebP picture'
  const [width, height] = [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff]
  const [columns, rows] = squaresOf(thumbnails)
  const [wanted, tall] = [columns * thumbnails.size, rows * thumbnails.size]
  if (width === wanted && height === tall) return null
  return `it has ${width} × ${height} pixels, not ${wanted} × ${tall}`
}

/** The file of a model that has its thumbnails. Throws Error where there is none, or one that no browser should load. */
export function sheetAmong(artifacts: readonly Artifact[]): Artifact {
  const file = artifacts.find(({ name }) => name === THUMBNAILS_FILE)
  if (file === undefined) throw new Error('the model has no such file')
  if (file.sizeBytes > MAX_THUMBNAILS_BYTES) throw new Error('the file is too large')
  return file
}
