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
