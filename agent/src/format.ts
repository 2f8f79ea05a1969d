/** `0.2794` → `27.9 %`; what is no number is said so. */
export const percent = (fraction: number): string =>
  Number.isFinite(fraction) ? `${(fraction * 100).toFixed(1)} %` : String(fraction)

/** `8.04 s`, `82 s`, `12 min`, `3 h 20 min`, `2 h`; coarser as it grows. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `████░░░░` of `width` characters. */
export function bar(fraction: number, width = 20): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}

/** `LEARNING_RATE 0.002, KERNEL_SIZE 3`. */
export const paramsText = (params: Readonly<Record<string, number>>): string =>
  Object.entries(params)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')

/** `text` cut to `maxBytes` of UTF-8, the cut marked with "…". Never splits a character. */
export function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const encoded = Buffer.from(text)
  if (encoded.length <= maxBytes) return text
  let end = maxBytes - Buffer.byteLength('…')
  // Bytes 10xxxxxx continue a character: go back to where one starts.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--
  return `${encoded.subarray(0, end).toString()}…`
}
