import { writeSafetensors } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { checkWeights } from './weights.ts'

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const file = (...values: number[]) =>
  writeSafetensors([
    { name: 'a', shape: [2], data: Float32Array.from([1, -2]) },
    { name: 'b', shape: [values.length], data: Float32Array.from(values) },
  ])

test.each([
  ['ordinary numbers', [0, -0, 1e-45, 3.4e38], true],
  ['NaN', [1, Number.NaN, 1], false],
  ['infinity', [1, 1, Number.POSITIVE_INFINITY], false],
  ['minus infinity at the very end', [1, 1, 1, 1, Number.NEGATIVE_INFINITY], false],
])('%s: finite or not, wherever the stream is cut', async (_, values, finite) => {
  const bytes = file(...values)
  for (const size of [1, 3, 4, 7, 8, 64, 10_000])
    expect(await checkWeights(inPieces(bytes, size), bytes.length)).toEqual({ finite })
})

test('a file whose header is no multiple of four is read at the right places', async () => {
  const header = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} '
  const bytes = new Uint8Array(8 + header.length + 8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true)
  bytes.set(Buffer.from(header), 8)
  expect(header.length % 4).not.toBe(0)
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, Number.NaN, true)
  expect(await checkWeights(inPieces(bytes, 5), bytes.length)).toEqual({ finite: false })
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, 1, true)
  expect(await checkWeights(inPieces(bytes, 5), bytes.length)).toEqual({ finite: true })
})

test.each([
  ['nothing', new Uint8Array(0)],
  ['a pickle', Buffer.from('\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00.')],
  ['a header longer than the file', Buffer.from([255, 0, 0, 0, 0, 0, 0, 0, 123, 125])],
  ['a header of 2^63 bytes', Buffer.from([0, 0, 0, 0, 0, 0, 0, 128, 123, 125])],
  ['a file cut short', file(1, 2).subarray(0, -1)],
  ['a byte too many', Buffer.concat([file(1, 2), Buffer.from([0])])],
])('%s is no weights file', async (_, bytes) => {
  await expect(checkWeights(inPieces(bytes, 16), bytes.length)).rejects.toMatchObject({ code: 'E_SAFETENSORS' })
})

/** A file with this header, written by hand, and so many bytes of data behind it. */
function raw(header: string | Readonly<Record<string, unknown>>, dataBytes: number): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)])
}
const entry = (shape: number[], start: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [start, end],
})

test.each<[string, Uint8Array]>([
  ['a header that is no object', raw('[1]', 0)],
  ['a header that is no JSON', raw('{"a"', 0)],
  ['a hole', raw({ a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12)],
  ['an overlap', raw({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, 8)],
  ['one name twice', raw(`{"a":${JSON.stringify(entry([1], 0, 4))},"a":${JSON.stringify(entry([1], 4, 8))}}`, 8)],
  ['a shape that overflows', raw({ a: entry([2 ** 31, 2 ** 31, 2 ** 31], 0, 4) }, 4)],
  ['a shape of another size', raw({ a: entry([3], 0, 4) }, 4)],
  ['offsets that are no numbers', raw('{"a":{"dtype":"F32","shape":[1],"data_offsets":["0",4]}}', 4)],
  ['an unknown type', raw({ a: entry([1], 0, 4, 'F64') }, 8)],
  ['a name that is a prototype', raw(`{"__proto__":${JSON.stringify(entry([1], 0, 4))}}`, 4)],
  ['free metadata', raw({ __metadata__: { a: 'b' } }, 0)],
  ['trailing bytes', raw({ a: entry([1], 0, 4) }, 5)],
])('weights with %s are refused', async (_, bytes) => {
  await expect(checkWeights(inPieces(bytes, 16), bytes.length)).rejects.toMatchObject({ code: 'E_SAFETENSORS' })
})

test('a header of 100 MB is refused by its length alone, and nothing of it is read', async () => {
  const sizeBytes = 200_000_000
  let asked = 0
  async function* endless() {
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(100_000_000n)
    yield length
    for (;;) {
      asked++
      yield Buffer.alloc(65_536)
    }
  }
  await expect(checkWeights(endless(), sizeBytes)).rejects.toMatchObject({ code: 'E_SAFETENSORS' })
  expect(asked).toBe(0)
})
