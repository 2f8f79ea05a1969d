import { ProtocolError, writeSafetensors } from '@pawprint/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AgentError } from '../../errors.ts'
import { readAnySafetensors } from './safetensorsFile.ts'
import { readGroup, readManifest } from './tfjsFile.ts'

/** A safetensors file by hand: eight bytes of length, JSON, data. */
function fileOf(header: unknown, data: readonly number[] = []): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.from(data)])
}

const entry = (dtype: string, shape: readonly unknown[], offsets: readonly number[]) => ({
  dtype,
  shape,
  data_offsets: offsets,
})

test('floats of 32 and 16 bits are read, wherever they lie; counters and metadata are left out', () => {
  const file = fileOf(
    {
      __metadata__: { format: 'pt' },
      count: entry('I64', [], [0, 8]),
      half: entry('F16', [4], [12, 20]),
      single: entry('F32', [1], [8, 12]),
      brain: entry('BF16', [2], [20, 24]),
    },
    // 1.5; then by IEEE 754 1, −2, the smallest above 0, infinity; then 1 and −0.15625 by their upper halves.
    [...new Array(8).fill(7), ...[0, 0, 0xc0, 0x3f], ...[0, 0x3c, 0, 0xc0, 1, 0, 0, 0x7c], ...[0x80, 0x3f, 0x20, 0xbe]],
  )
  expect(readAnySafetensors(file, 'file')).toEqual([
    { name: 'single', shape: [1], data: Float32Array.of(1.5) },
    { name: 'half', shape: [4], data: Float32Array.of(1, -2, 2 ** -24, Number.POSITIVE_INFINITY) },
    { name: 'brain', shape: [2], data: Float32Array.of(1, -0.15625) },
  ])
})

test.each<[string, Uint8Array, RegExp]>([
  ['nothing', new Uint8Array(), /header length: expected 8 bytes, got 0/],
  ['a header longer than the file', fileOf({}).subarray(0, 9), /file: expected a header of 2 bytes, got 1/],
  ['a header of half a gigabyte', Buffer.from([0, 0, 0, 32, 0, 0, 0, 0]), /header length: expected at most/],
  ['no JSON', fileOf('{'), /file: expected a header of JSON, got other bytes/],
  ['a list', fileOf([]), /file: expected a header object, got object/],
  ['an unknown type', fileOf({ a: entry('F4', [1], [0, 1]) }, [1]), /file: a: expected a type of F64, .*, got "F4"/],
  ['a negative side', fileOf({ a: entry('F32', [-1], [0, 4]) }, [0, 0, 0, 0]), /file: a: expected a shape/],
  ['bytes beyond the end', fileOf({ a: entry('F32', [2], [0, 8]) }, [0, 0, 0, 0]), /two offsets within 4 bytes/],
  ['too few bytes', fileOf({ a: entry('F32', [2], [0, 4]) }, [0, 0, 0, 0]), /expected 8 bytes for shape \[2\], got 4/],
])('%s is no safetensors file', (_, bytes, message) => {
  expect(() => readAnySafetensors(bytes, 'file')).toThrow(message)
})

test('whatever bytes of a file are changed, it is read or refused by name', () => {
  const file = writeSafetensors([
    { name: 'a', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    { name: 'b', shape: [3], data: Float32Array.of(5, 6, 7) },
  ])
  const change = fc.tuple(fc.nat(file.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), fc.nat(file.length), (changes, length) => {
      const spoilt = file.slice()
      for (const [at, byte] of changes) spoilt[at] = byte
      try {
        readAnySafetensors(spoilt.subarray(0, length), 'file')
      } catch (error) {
        if (!(error instanceof AgentError || error instanceof ProtocolError)) throw error
      }
    }),
    { numRuns: 300, seed: 5 },
  )
})

const bytesOf = (json: unknown): Uint8Array => Buffer.from(typeof json === 'string' ? json : JSON.stringify(json))
const manifest = (paths: unknown, weights: unknown) => bytesOf({ weightsManifest: [{ paths, weights }] })
const SPEC = { name: 'a/kernel', shape: [2], dtype: 'float32' }

describe('a model.json', () => {
  test('numbers stored in one byte each are those they stand for', () => {
    const quantization = { dtype: 'uint8', scale: 0.5, min: -1, original_dtype: 'float32' }
    const [group] = readManifest(manifest(['w.bin'], [{ ...SPEC, quantization }]), 'model.json')
    if (group === undefined) throw new Error('a group')
    const read = readGroup(group, Uint8Array.of(0, 5), 'w.bin')
    expect(read).toEqual([{ name: 'a/kernel', shape: [2], data: Float32Array.of(-1, 1.5) }])
    expect(() => readGroup(group, new Uint8Array(3), 'w.bin')).toThrow('w.bin: expected 2 bytes of weights, got 3')
  })

  test.each<[string, Uint8Array, RegExp]>([
    ['no JSON', bytesOf('<html>'), /model.json: expected JSON/],
    ['no manifest', bytesOf({}), /weightsManifest: expected a list, got undefined/],
    [
      'a file in another folder',
      manifest(['../w.bin'], [SPEC]),
      /expected names of files beside it, got \["\.\.\/w.bin"\]/,
    ],
    ['a file elsewhere', manifest(['http://other/w.bin'], [SPEC]), /expected names of files beside it/],
    ['a hidden file', manifest(['.w'], [SPEC]), /expected names of files beside it/],
    ['a text', manifest(['w.bin'], [{ ...SPEC, dtype: 'string' }]), /expected name, shape and dtype of each/],
    ['half a side', manifest(['w.bin'], [{ ...SPEC, shape: [0.5] }]), /expected name, shape and dtype of each/],
    [
      'a number of another kind',
      manifest(['w.bin'], [{ ...SPEC, quantization: { dtype: 'int7' } }]),
      /name, shape and dtype/,
    ],
    ['20,000 files', manifest(new Array(20_000).fill('w.bin'), [SPEC]), /at most 10000 files, got 20000/],
  ])('with %s is refused', (_, json, message) => {
    expect(() => readManifest(json, 'model.json')).toThrow(message)
  })
})
