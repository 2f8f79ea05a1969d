/** How a window slides over an image: sizes, strides and leading paddings in pixels. Shared by convolution and pooling. */
export interface Windows {
  readonly inputHeight: number
  readonly inputWidth: number
  readonly height: number
  readonly width: number
  readonly strideY: number
  readonly strideX: number
  readonly padTop: number
  readonly padLeft: number
  readonly outputHeight: number
  readonly outputWidth: number
}

export type Padding = 'valid' | 'same'

/**
 * The windows of a layer. 'valid' keeps to the image; 'same' pads with zeros (below and right first when the padding is odd), so
 * that the output has `ceil(input / stride)` pixels: the rule of TensorFlow's `tf.nn.convolution`.
 */
export function windowsOf(
  image: readonly [height: number, width: number],
  size: readonly [height: number, width: number],
  strides: readonly [y: number, x: number],
  padding: Padding,
): Windows {
  const along = (axis: 0 | 1): { output: number; before: number } => {
    if (padding === 'valid') return { output: Math.floor((image[axis] - size[axis]) / strides[axis]) + 1, before: 0 }
    const output = Math.ceil(image[axis] / strides[axis])
    const padded = Math.max(0, (output - 1) * strides[axis] + size[axis] - image[axis])
    return { output, before: Math.floor(padded / 2) }
  }
  const [y, x] = [along(0), along(1)]
  return {
    inputHeight: image[0],
    inputWidth: image[1],
    height: size[0],
    width: size[1],
    strideY: strides[0],
    strideX: strides[1],
    padTop: y.before,
    padLeft: x.before,
    outputHeight: y.output,
    outputWidth: x.output,
  }
}

/** The input pixel (row-major) under tap `tap` of the window at output pixel `output`, or −1 in the padding. */
export function pixelUnder(w: Windows, output: number, tap: number): number {
  const y = Math.floor(output / w.outputWidth) * w.strideY - w.padTop + Math.floor(tap / w.width)
  const x = (output % w.outputWidth) * w.strideX - w.padLeft + (tap % w.width)
  const isInside = y >= 0 && y < w.inputHeight && x >= 0 && x < w.inputWidth
  return isInside ? y * w.inputWidth + x : -1
}

/** True when no two windows share a pixel and none reaches into padding. */
export const areTiles = (w: Windows): boolean =>
  w.strideY === w.height &&
  w.strideX === w.width &&
  w.padTop === 0 &&
  w.padLeft === 0 &&
  w.outputHeight * w.height <= w.inputHeight &&
  w.outputWidth * w.width <= w.inputWidth
