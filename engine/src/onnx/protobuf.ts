import { concatNumbers } from '../floats.ts'

/**
 * Encoded protocol-buffer fields (protobuf.dev/programming-guides/encoding): all that an ONNX file needs, and no more. Pieces, one after the other:
 * weights lie four messages deep, and are copied once, by `toBytes`.
 */
export type Encoded = readonly Uint8Array[]

const encoder = new TextEncoder()

export const join = (parts: readonly Encoded[]): Encoded => parts.flat()

export const toBytes = (encoded: Encoded): Uint8Array => concatNumbers(encoded, Uint8Array)

/** A whole number as a varint field; negative numbers are not needed here, save by `axis` attributes: 64-bit two's complement. */
export const int = (field: number, value: number): Encoded => [key(field, 0), varint(value)]

/** A field of bytes, text, or an embedded message. */
export function bytes(field: number, value: Encoded | Uint8Array | string): Encoded {
  const content = typeof value === 'string' ? [encoder.encode(value)] : value instanceof Uint8Array ? [value] : value
  const length = content.reduce((sum, piece) => sum + piece.length, 0)
  return [key(field, 2), varint(length), ...content]
}

const key = (field: number, wireType: number): Uint8Array => varint(field * 8 + wireType)

function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  while (rest >= 128n) {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}
