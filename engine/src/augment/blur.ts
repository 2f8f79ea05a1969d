import type { ImageSize } from './warp.ts'

/** Gaussian blur in place, first along rows, then along columns; at the edges the nearest pixel goes on. `sigma` in pixels. */
export function blur(image: Uint8Array, { height, width, channels }: ImageSize, sigma: number): void {
  const kernel = kernelOf(sigma)
  for (let i = 0; i < height; i++)
    for (let k = 0; k < channels; k++) blurLine(image, i * width * channels + k, channels, width, kernel)
  for (let j = 0; j < width; j++)
    for (let k = 0; k < channels; k++) blurLine(image, j * channels + k, width * channels, height, kernel)
}

/** The weights of a pixel and of its neighbours to one side, out to three standard deviations; the whole adds up to 1. */
export function kernelOf(sigma: number): Float64Array {
  const weights = Float64Array.from({ length: Math.ceil(3 * sigma) + 1 }, (_, i) =>
    Math.exp((-i * i) / (2 * sigma * sigma)),
  )
  const total = weights.reduce((sum, weight, i) => sum + (i === 0 ? weight : 2 * weight), 0)
  return weights.map((weight) => weight / total)
}

function blurLine(image: Uint8Array, start: number, stride: number, length: number, kernel: Float64Array): void {
  const line = Float64Array.from({ length }, (_, i) => image[start + i * stride] ?? 0)
  for (let i = 0; i < length; i++) {
    let value = (line[i] ?? 0) * (kernel[0] ?? 1)
    for (let d = 1; d < kernel.length; d++) {
      const near = (line[Math.max(0, i - d)] ?? 0) + (line[Math.min(length - 1, i + d)] ?? 0)
      value += near * (kernel[d] ?? 0)
    }
    image[start + i * stride] = value + 0.5
  }
}
