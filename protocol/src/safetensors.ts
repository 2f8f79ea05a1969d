import * as v from 'valibot'
import { ProtocolError, show } from './error.ts'
import { parse, parseJson } from './json.ts'
import { MAX_SAFETENSORS_HEADER_BYTES } from './limits.ts'

/** One float32 tensor, row-major. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

const Entry = v.strictObject({
  dtype: v.literal('F32'),
  shape: v.pipe(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))), v.maxLength(8)),
  data_offsets: v.tuple([
    v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  ]),
})
const Header = v.record(v.pipe(v.string(), v.minLength(1), v.maxLength(256)), Entry)

const LENGTH_BYTES = 8
const ALIGNMENT = 8
const BYTES_PER_VALUE = 4
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1)
const bad = (at: string, expected: string, got: string): ProtocolError =>
  new ProtocolError('E_SAFETENSORS', at, expected, got)

/**
 * The canonical safetensors file of these tensors: float32 little-endian, in the order given, no metadata, header padded
 * with spaces to a multiple of 8. Equal tensors give equal bytes, so equal weights have one SHA-1.
 * Format: https://github.com/huggingface/safetensors#format. Throws ProtocolError E_SAFETENSORS.
 */
export function writeSafetensors(tensors: readonly Tensor[]): Uint8Array {
  const header = new Map<string, unknown>()
  let offset = 0
  for (const { name, shape, data } of tensors) {
    if (data.length !== sizeOf(shape))
      throw bad(name, `${sizeOf(shape)} values for shape ${show(shape)}`, `${data.length}`)
    if (header.has(name)) throw bad(name, 'a name that is used once', 'a second tensor')
    const end = offset + data.length * BYTES_PER_VALUE
    header.set(name, { dtype: 'F32', shape, data_offsets: [offset, end] })
    offset = end
  }
  // Built by hand so that names made of digits keep their place; an object would sort them first.
  let text = `{${[...header].map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`
  const encoder = new TextEncoder()
  const length = encoder.encode(text).length
  text += ' '.repeat((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT)
  const head = encoder.encode(text)
  const bytes = new Uint8Array(LENGTH_BYTES + head.length + offset)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(head.length), true)
  bytes.set(head, LENGTH_BYTES)
  let at = LENGTH_BYTES + head.length
  for (const { data } of tensors) {
    for (let i = 0; i < data.length; i++, at += BYTES_PER_VALUE) view.setFloat32(at, data[i] ?? 0, true)
  }
  return bytes
}

/** Length of the JSON header, in bytes, from the first 8 bytes of a file. Throws ProtocolError E_SAFETENSORS. */
export function safetensorsHeaderLength(firstBytes: Uint8Array): number {
  if (firstBytes.length < LENGTH_BYTES) throw bad('header length', `${LENGTH_BYTES} bytes`, `${firstBytes.length}`)
  const length = new DataView(firstBytes.buffer, firstBytes.byteOffset).getBigUint64(0, true)
  if (length > BigInt(MAX_SAFETENSORS_HEADER_BYTES))
    throw bad('header length', `at most ${MAX_SAFETENSORS_HEADER_BYTES} bytes`, `${length}`)
  return Number(length)
}

export interface TensorPlace {
  readonly name: string
  readonly shape: readonly number[]
  /** Bytes from the start of the file. */
  readonly start: number
  readonly end: number
}

/**
 * Where each tensor lies, from the file's header and its whole size: float32 only, in order, without holes or overlap, to the
 * last byte. Throws ProtocolError E_SAFETENSORS. `head` is the JSON text's bytes, after the 8 bytes of length.
 */
export function safetensorsPlaces(head: Uint8Array, fileBytes: number): TensorPlace[] {
  const dataStart = LENGTH_BYTES + head.length
  const header = readHeader(head)
  const places = Object.entries(header).map(
    ([
      name,
      {
        shape,
        data_offsets: [start, end],
      },
    ]): TensorPlace => {
      if (end - start !== sizeOf(shape) * BYTES_PER_VALUE)
        throw bad(name, `${sizeOf(shape) * BYTES_PER_VALUE} bytes for shape ${show(shape)}`, `${end - start}`)
      return { name, shape, start: dataStart + start, end: dataStart + end }
    },
  )
  places.sort((a, b) => a.start - b.start || a.end - b.end)
  let expected = dataStart
  for (const { name, start, end } of places) {
    if (start !== expected) throw bad(name, `data from byte ${expected}`, `${start}`)
    expected = end
  }
  if (expected !== fileBytes) throw bad('file', `${expected} bytes`, `${fileBytes}`)
  return places
}

function readHeader(head: Uint8Array): v.InferOutput<typeof Header> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head)
    if (!text.startsWith('{')) throw bad('header', 'a JSON object', show(text.slice(0, 20)))
    return parse(Header, parseJson(text, MAX_SAFETENSORS_HEADER_BYTES))
  } catch (error) {
    if (error instanceof ProtocolError) throw bad(error.at || 'header', error.expected, error.got)
    throw bad('header', 'UTF-8 text', 'other bytes')
  }
}

/** All tensors of a file, in file order, as copies. Throws ProtocolError E_SAFETENSORS. */
export function readSafetensors(bytes: Uint8Array): Tensor[] {
  const length = safetensorsHeaderLength(bytes)
  if (LENGTH_BYTES + length > bytes.length)
    throw bad('header length', `at most ${bytes.length - LENGTH_BYTES} bytes`, `${length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return safetensorsPlaces(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length), bytes.length).map(
    ({ name, shape, start, end }) => {
      const data = new Float32Array((end - start) / BYTES_PER_VALUE)
      for (let i = 0; i < data.length; i++) data[i] = view.getFloat32(start + i * BYTES_PER_VALUE, true)
      return { name, shape, data }
    },
  )
}
