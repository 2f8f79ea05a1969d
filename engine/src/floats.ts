/** All numbers, one array after the other, as one. */
export function concatNumbers<T extends Uint8Array | Float32Array>(
  parts: readonly T[],
  type: new (length: number) => T,
): T {
  const all = new type(parts.reduce((length, part) => length + part.length, 0))
  let start = 0
  for (const part of parts) {
    all.set(part, start)
    start += part.length
  }
  return all
}

export const concatFloats = (parts: readonly Float32Array[]): Float32Array => concatNumbers(parts, Float32Array)
