// MATLAB 5 files for the tests of this folder, written by the specification ("MAT-File Format", MathWorks, chapter 1). Not part of the
// package's exports.
import { deflateSync } from 'node:zlib'

export interface MatChoices {
  /** Default little-endian, as every machine of today writes. */
  readonly isBig?: boolean
  /** miUINT16 (4, as MATLAB writes text, the default), miUTF8 (16), miUINT8 (2). */
  readonly textType?: number
  readonly isCompressed?: boolean
  /** Name of the variable, default `file_list`. */
  readonly name?: string
  /** Default 1 (a cell array). */
  readonly kind?: number
  /** Instead of the number of strings. */
  readonly count?: number
  readonly version?: number
}

/** A file with one cell array, `[count, 1]`, of rows of characters; before it a number under the name `labels`. */
export function makeMat(strings: readonly string[], choices: MatChoices = {}): Buffer {
  const { isBig = false, textType = 4, isCompressed = false, name = 'file_list', kind = 1 } = choices
  const int32 = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [at, value] of values.entries())
      isBig ? bytes.writeUInt32BE(value, 4 * at) : bytes.writeUInt32LE(value, 4 * at)
    return bytes
  }
  /** Up to four bytes lie in the tag itself: their number in its upper half. */
  const element = (type: number, data: Buffer): Buffer => {
    if (data.length > 0 && data.length <= 4)
      return Buffer.concat([int32(data.length * 65536 + type), data, Buffer.alloc(4 - data.length)])
    return Buffer.concat([int32(type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)])
  }
  const text = (value: string): Buffer => {
    if (textType !== 4) return Buffer.from(value, 'utf8')
    return isBig ? Buffer.from(value, 'utf16le').swap16() : Buffer.from(value, 'utf16le')
  }
  const matrix = (flags: number, rows: number, columns: number, label: string, ...contents: Buffer[]): Buffer =>
    element(
      14,
      Buffer.concat([
        element(6, int32(flags, 0)),
        element(5, int32(rows, columns)),
        element(1, Buffer.from(label)),
        ...contents,
      ]),
    )
  const cells = strings.map((value) => matrix(4, 1, value.length, '', element(textType, text(value))))
  const variables = [
    matrix(6, 1, 1, 'labels', element(2, Buffer.from([7]))),
    matrix(kind, choices.count ?? strings.length, 1, name, ...cells),
  ]
  const header = Buffer.alloc(128, ' ')
  header.write('MATLAB 5.0 MAT-file, written by hand')
  const version = choices.version ?? 0x0100
  if (isBig) header.writeUInt16BE(version, 124)
  else header.writeUInt16LE(version, 124)
  header.write(isBig ? 'MI' : 'IM', 126)
  const packed = (bytes: Buffer): Buffer => {
    const data = deflateSync(bytes)
    return Buffer.concat([int32(15, data.length), data])
  }
  return Buffer.concat([header, ...variables.map((bytes) => (isCompressed ? packed(bytes) : bytes))])
}
