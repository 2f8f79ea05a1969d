import { concatNumbers } from '../floats.ts'

/** Encoded protocol-buffer fields (protobuf.dev/programming-guides/encoding): all that an ONNX file needs, and no more. */
export type Bytes = Uint8Array

const encoder = new TextEncoder()

export const join = (parts: readonly Bytes[]): Bytes => concatNumbers(parts, Uint8Array)

/** A whole number as a varint field; negative numbers are not needed here, save by `axis` attributes: 64-bit two's complement. */
export const int = (field: number, value: number): Bytes => join([key(field, 0), varint(value)])

/** A 32-bit float field. */
export function float(field: number, value: number): Bytes {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return join([key(field, 5), bytes])
}

/** A field of bytes, text, or an embedded message. */
export function bytes(field: number, value: Bytes | string): Bytes {
  const content = typeof value === 'string' ? encoder.encode(value) : value
  return join([key(field, 2), varint(content.length), content])
}

const key = (field: number, wireType: number): Bytes => varint(field * 8 + wireType)

function varint(value: number): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  while (rest >= 128n) {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}
