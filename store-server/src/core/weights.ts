import { ProtocolError, safetensorsHeaderLength, safetensorsPlaces } from '@pawprint/protocol'

const LENGTH_BYTES = 8
const EXPONENT = 0x7f800000
const BYTES_PER_VALUE = 4

/** Gives the first `count` bytes of a stream, then the rest as it comes. */
async function takeHead(
  chunks: AsyncIterator<Uint8Array>,
  have: Uint8Array,
  count: number,
): Promise<{ head: Uint8Array; rest: Uint8Array }> {
  let bytes = have
  while (bytes.length < count) {
    const next = await chunks.next()
    if (next.done) break
    bytes = Buffer.concat([bytes, next.value])
  }
  return { head: bytes.subarray(0, count), rest: bytes.subarray(count) }
}

/** Watches for a float32 that is NaN or infinite (all exponent bits set) in a little-endian stream cut anywhere. */
function finiteWatch() {
  let carry = new Uint8Array(0)
  let finite = true
  const scan = (bytes: Uint8Array) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at + BYTES_PER_VALUE <= bytes.length; at += BYTES_PER_VALUE)
      if ((view.getUint32(at, true) & EXPONENT) === EXPONENT) finite = false
  }
  return {
    push(chunk: Uint8Array) {
      if (!finite) return
      const joint = carry.length === 0 ? 0 : Math.min(chunk.length, BYTES_PER_VALUE - carry.length)
      if (carry.length > 0) {
        carry = Buffer.concat([carry, chunk.subarray(0, joint)])
        if (carry.length < BYTES_PER_VALUE) return
        scan(carry)
      }
      const whole = joint + Math.floor((chunk.length - joint) / BYTES_PER_VALUE) * BYTES_PER_VALUE
      scan(chunk.subarray(joint, whole))
      carry = Uint8Array.from(chunk.subarray(whole))
    },
    isFinite: () => finite,
  }
}

/**
 * Reads a weights file once, in a stream: is it a canonical safetensors file, and is every weight a finite number?
 * Throws ProtocolError E_SAFETENSORS when it is none. Memory stays at one chunk and the header (at most 1 MiB).
 */
export async function checkWeights(bytes: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<{ finite: boolean }> {
  const chunks = bytes[Symbol.asyncIterator]()
  try {
    const start = await takeHead(chunks, new Uint8Array(0), LENGTH_BYTES)
    const length = safetensorsHeaderLength(start.head)
    const { head, rest } = await takeHead(chunks, start.rest, length)
    if (head.length < length) throw new ProtocolError('E_SAFETENSORS', 'header', `${length} bytes`, `${head.length}`)
    safetensorsPlaces(head, sizeBytes)
    const watch = finiteWatch()
    watch.push(rest)
    for (let next = await chunks.next(); !next.done && watch.isFinite(); next = await chunks.next())
      watch.push(next.value)
    return { finite: watch.isFinite() }
  } finally {
    await chunks.return?.()
  }
}
