import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from './error.ts'
import { readSafetensors, safetensorsHeaderLength, writeSafetensors } from './safetensors.ts'

/** A file put together by hand from the format's description: length, JSON, data. */
function file(header: unknown, dataBytes: number, length?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(length ?? BigInt(json.length))
  return Buffer.concat([head, json, Buffer.alloc(dataBytes)])
}
const entry = (shape: number[], start: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [start, end],
})

describe('a safetensors file', () => {
  test('is, byte for byte, what the format says', () => {
    const bytes = writeSafetensors([
      { name: 'b', shape: [2], data: Float32Array.of(1, -2) },
      { name: 'a', shape: [], data: Float32Array.of(0.5) },
    ])
    const json =
      '{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}'
    const padded = json.padEnd(Math.ceil(json.length / 8) * 8)
    const expected = Buffer.alloc(8 + padded.length + 12)
    expected.writeBigUInt64LE(BigInt(padded.length))
    expected.write(padded, 8)
    expected.writeFloatLE(1, 8 + padded.length)
    expected.writeFloatLE(-2, 12 + padded.length)
    expected.writeFloatLE(0.5, 16 + padded.length)
    expect(Buffer.from(bytes)).toEqual(expected)
  })

  test('reads back as it was written, in order, NaN and infinities included', () => {
    const tensor = fc.record({
      rows: fc.nat(4),
      cols: fc.nat(4),
      values: fc.float32Array({ minLength: 16, maxLength: 16 }),
    })
    fc.assert(
      fc.property(fc.array(tensor, { maxLength: 5 }), (list) => {
        const tensors = list.map(({ rows, cols, values }, i) => ({
          name: `layer_${9 - i}/kernel`,
          shape: [rows, cols],
          data: values.slice(0, rows * cols),
        }))
        const bytes = writeSafetensors(tensors)
        // Tensors without values share their offsets, so only their set is kept, not their order.
        const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
        expect(readSafetensors(bytes).sort(byName)).toEqual(tensors.sort(byName))
      }),
    )
  })

  test.each([
    ['is empty', Buffer.alloc(0)],
    ['is cut inside the length', Buffer.alloc(7)],
    ['names a header of 2^64 - 1 bytes', file('{}', 0, 2n ** 64n - 1n)],
    ['names a header longer than the file', file('{}', 0, 100n)],
    ['has a header above 1 MiB', file(' '.repeat(1024 * 1024 + 1), 0)],
    ['has a header that is no JSON object', file('[1]', 0)],
    ['has a header that is not UTF-8', file('', 0, 2n).fill(0xff, 8)],
    ['has a hole', file({ a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12)],
    ['has an overlap', file({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, 8)],
    ['has bytes at the end', file({ a: entry([1], 0, 4) }, 5)],
    ['is cut in its data', file({ a: entry([1], 0, 4) }, 3)],
    ['has a shape of another size', file({ a: entry([3], 0, 4) }, 4)],
    ['has a shape that overflows', file({ a: entry([2 ** 31, 2 ** 31, 2 ** 31], 0, 4) }, 4)],
    ['has a negative side', file({ a: entry([-1], 0, 4) }, 4)],
    ['has an unknown type', file({ a: entry([1], 0, 4, 'F64') }, 4)],
    ['carries metadata', file({ __metadata__: { a: 'b' } }, 0)],
    ['is a pickle', Buffer.from('80049500', 'hex')],
  ])('that %s is refused', (_, bytes) => {
    expect(() => readSafetensors(bytes)).toThrow(expect.objectContaining({ code: 'E_SAFETENSORS' }))
  })

  test('is not written from tensors that do not hold together', () => {
    const one = { name: 'a', shape: [1], data: Float32Array.of(1) }
    expect(() => writeSafetensors([one, one])).toThrow(ProtocolError)
    expect(() => writeSafetensors([{ ...one, shape: [2] }])).toThrow(ProtocolError)
  })

  test('is read from random bytes with a typed error or not at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          safetensorsHeaderLength(bytes)
          readSafetensors(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
