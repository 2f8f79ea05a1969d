import type { WeightTensor } from '@pawprint/engine'
import { safetensorsHeaderLength } from '@pawprint/protocol'
import { AgentError } from '../../errors.ts'

/** What a foreign file may hold besides: counters and the like, which no layer has. */
const WIDTHS: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
}
const MAX_TENSORS = 100_000
const LENGTH_BYTES = 8

/**
 * Tensors of a safetensors file of any origin, in the order of their bytes (https://github.com/huggingface/safetensors#format): float32,
 * float16 and bfloat16; other types, and metadata, are left out. Throws AgentError or ProtocolError for a file that is none.
 */
export function readAnySafetensors(bytes: Uint8Array, place: string): WeightTensor[] {
  const length = safetensorsHeaderLength(bytes)
  const start = LENGTH_BYTES + length
  if (start > bytes.length) throw wrong(place, `a header of ${length} bytes`, `${bytes.length - LENGTH_BYTES}`)
  return entriesOf(bytes.subarray(LENGTH_BYTES, start), place)
    .map(([name, entry]) => placeOf(`${place}: ${name}`, name, entry, bytes.length - start))
    .sort((a, b) => a.begin - b.begin)
    .flatMap(({ name, dtype, shape, begin, end }) => {
      const data = floatsOf(dtype, new DataView(bytes.buffer, bytes.byteOffset + start + begin, end - begin))
      return data === null ? [] : [{ name, shape, data }]
    })
}

function entriesOf(head: Uint8Array, place: string): [string, unknown][] {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(head))
  } catch (cause) {
    throw new AgentError('E_WEIGHTS', place, 'a header of JSON', 'other bytes', { cause })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw wrong(place, 'a header object', typeof json)
  const entries = Object.entries(json).filter(([name]) => name !== '__metadata__')
  if (entries.length > MAX_TENSORS) throw wrong(place, `at most ${MAX_TENSORS} tensors`, `${entries.length}`)
  return entries
}

interface Place {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function placeOf(at: string, name: string, entry: unknown, sizeBytes: number): Place {
  const { dtype, shape, data_offsets: offsets } = Object(entry) as Record<string, unknown>
  const width = WIDTHS[String(dtype)]
  if (width === undefined)
    throw wrong(at, `a type of ${Object.keys(WIDTHS).join(', ')}`, JSON.stringify(dtype) ?? 'none')
  if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isCount))
    throw wrong(at, 'a shape of at most 8 sizes', JSON.stringify(shape) ?? 'none')
  const [begin, end] = Array.isArray(offsets) ? offsets : []
  if (!isCount(begin) || !isCount(end) || end > sizeBytes || begin > end)
    throw wrong(at, `two offsets within ${sizeBytes} bytes`, JSON.stringify(offsets) ?? 'none')
  const expected = shape.reduce((product: number, side: number) => product * side, width)
  if (end - begin !== expected) throw wrong(at, `${expected} bytes for shape [${shape}]`, `${end - begin}`)
  return { name, dtype: String(dtype), shape, begin, end }
}

function floatsOf(dtype: string, view: DataView): Float32Array | null {
  const read = (count: number, at: (i: number) => number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => at(i))
  switch (dtype) {
    case 'F32':
      // As they lie, since all that Node runs on today is little-endian; a copy begins at a multiple of four bytes.
      return new Float32Array(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer)
    case 'F16':
      return read(view.byteLength / 2, (i) => fromHalf(view.getUint16(2 * i, true)))
    case 'BF16':
      // The upper half of a float32.
      return new Float32Array(
        Uint32Array.from({ length: view.byteLength / 2 }, (_, i) => view.getUint16(2 * i, true) << 16).buffer,
      )
    default:
      return null
  }
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const wrong = (at: string, expected: string, got: string): AgentError => new AgentError('E_WEIGHTS', at, expected, got)
