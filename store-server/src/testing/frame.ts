/** Opcodes of RFC 6455 § 5.2. */
export const OP = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameOptions {
  /** Default true: the last one of its message. */
  readonly fin?: boolean
  /** The reserved bits, 0 to 7. */
  readonly reserved?: number
  /** Default true, as clients must. */
  readonly masked?: boolean
  /** A length that is declared instead of the payload's own. */
  readonly declared?: bigint
}

/** One frame, byte by byte, right or wrong as asked. The mask is all zeros, so the payload is as given. */
export function frame(opcode: number, payload: Uint8Array | string = '', options: FrameOptions = {}): Buffer {
  const { fin = true, reserved = 0, masked = true } = options
  const bytes = Buffer.from(payload)
  const length = options.declared ?? BigInt(bytes.length)
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  const mask = masked ? 0x80 : 0
  const head =
    length < 126n
      ? Buffer.from([first, mask | Number(length)])
      : length < 65_536n
        ? Buffer.from([first, mask | 126, Number(length) >> 8, Number(length) & 0xff])
        : Buffer.concat([Buffer.from([first, mask | 127]), bigEndian(length)])
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), bytes])
}

function bigEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** The code of the close frame at the end of what a server sent; null when there is none. */
export function closeCodeIn(bytes: Buffer): number | null {
  // After the answer to the upgrade, frames of a server are not masked.
  let at = bytes.indexOf('\r\n\r\n') + 4
  while (at + 2 <= bytes.length) {
    const opcode = (bytes[at] ?? 0) & 0x0f
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const [length, head] =
      short < 126
        ? [short, 2]
        : short === 126
          ? [bytes.readUInt16BE(at + 2), 4]
          : [Number(bytes.readBigUInt64BE(at + 2)), 10]
    if (opcode === OP.close) return length >= 2 ? bytes.readUInt16BE(at + head) : null
    at += head + length
  }
  return null
}
