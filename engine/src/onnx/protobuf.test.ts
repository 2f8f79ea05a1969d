import { expect, test } from 'vitest'
import { bytes, type Encoded, int, join, toBytes } from './protobuf.ts'

const hex = (encoded: Encoded): string => Buffer.from(toBytes(encoded)).toString('hex')

// The first three are the examples of protobuf.dev/programming-guides/encoding.
test.each([
  ['field 1, 150', int(1, 150), '089601'],
  ['field 2, "testing"', bytes(2, 'testing'), '120774657374696e67'],
  ['field 3, a message with field 1, 150', bytes(3, int(1, 150)), '1a03089601'],
  ['field 20, 2 (a key of two bytes)', int(20, 2), 'a00102'],
  ['field 3, −1 (ten bytes)', int(3, -1), '18ffffffffffffffffff01'],
  ['field 1, 2³²', int(1, 2 ** 32), '088080808010'],
])('%s', (_, encoded, expected) => {
  expect(hex(encoded)).toBe(expected)
})

test('a message of two fields is one after the other', () => {
  expect(hex(join([int(1, 1), bytes(2, 'é')]))).toBe('08011202c3a9')
})
