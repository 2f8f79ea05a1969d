import type { ImageSize } from './warp.ts'

/** Gaussian blur in place, first along rows, then along columns; at the edges the nearest pixel goes on. `sigma` in pixels. */
export function blur(image: Uint8Array, { height, width, channels }: ImageSize, sigma: number): void {
  const kernel = kernelOf(sigma)
  const line = new Float64Array(Math.max(height, width) + 2 * (kernel.length - 1))
  for (let i = 0; i < height; i++)
    for (let k = 0; k < channels; k++) blurLine(image, i * width * channels + k, channels, width, kernel, line)
  for (let j = 0; j < width; j++)
    for (let k = 0; k < channels; k++) blurLine(image, j * channels + k, width * channels, height, kernel, line)
}

/** The weights of a pixel and of its neighbours to one side, out to three standard deviations; the whole adds up to 1. */
export function kernelOf(sigma: number): Float64Array {
  const weights = Float64Array.from({ length: Math.ceil(3 * sigma) + 1 }, (_, i) =>
    Math.exp((-i * i) / (2 * sigma * sigma)),
  )
  const total = weights.reduce((sum, weight, i) => sum + (i === 0 ? weight : 2 * weight), 0)
  return weights.map((weight) => weight / total)
}

/** `line` is room for a line and what the kernel reaches beyond its ends. */
function blurLine(
  image: Uint8Array,
  start: number,
  stride: number,
  length: number,
  kernel: Float64Array,
  line: Float64Array,
): void {
  const reach = kernel.length - 1
  for (let i = 0; i < length; i++) line[reach + i] = image[start + i * stride] ?? 0
  line.fill(line[reach] ?? 0, 0, reach)
  line.fill(line[reach + length - 1] ?? 0, reach + length, length + 2 * reach)
  for (let i = 0; i < length; i++) {
    const at = i + reach
    let value = (line[at] ?? 0) * (kernel[0] ?? 1)
    for (let d = 1; d <= reach; d++) value += ((line[at - d] ?? 0) + (line[at + d] ?? 0)) * (kernel[d] ?? 0)
    image[start + i * stride] = value + 0.5
  }
}
