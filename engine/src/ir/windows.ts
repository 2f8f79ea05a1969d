/**
 * How a window slides over an image: sizes in taps; strides, dilations (from tap to tap) and leading paddings in pixels. Shared by
 * convolution and pooling.
 */
export interface Windows {
  readonly inputHeight: number
  readonly inputWidth: number
  readonly height: number
  readonly width: number
  readonly strideY: number
  readonly strideX: number
  readonly dilationY: number
  readonly dilationX: number
  readonly padTop: number
  readonly padLeft: number
  readonly outputHeight: number
  readonly outputWidth: number
}

export type Padding = 'valid' | 'same'

/**
 * The windows of a layer; `dilations` are 1 unless given. 'valid' keeps to the image; 'same' pads with zeros (below and right first when the padding is odd), so
 * that the output has `ceil(input / stride)` pixels: the rule of TensorFlow's `tf.nn.convolution`.
 */
export function windowsOf(
  image: readonly [height: number, width: number],
  size: readonly [height: number, width: number],
  strides: readonly [y: number, x: number],
  padding: Padding,
  dilations: readonly [y: number, x: number] = [1, 1],
): Windows {
  const along = (axis: 0 | 1): { output: number; before: number } => {
    const extent = (size[axis] - 1) * dilations[axis] + 1
    if (padding === 'valid') return { output: Math.floor((image[axis] - extent) / strides[axis]) + 1, before: 0 }
    const output = Math.ceil(image[axis] / strides[axis])
    const padded = Math.max(0, (output - 1) * strides[axis] + extent - image[axis])
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
    dilationY: dilations[0],
    dilationX: dilations[1],
    padTop: y.before,
    padLeft: x.before,
    outputHeight: y.output,
    outputWidth: x.output,
  }
}

/** The input row under row `tap` of the windows in output row `output`, or −1 in the padding. */
export const rowUnder = (w: Windows, output: number, tap: number): number =>
  inside(output * w.strideY - w.padTop + tap * w.dilationY, w.inputHeight)

/** The same for columns. */
export const columnUnder = (w: Windows, output: number, tap: number): number =>
  inside(output * w.strideX - w.padLeft + tap * w.dilationX, w.inputWidth)

const inside = (position: number, size: number): number => (position >= 0 && position < size ? position : -1)

/** The input pixel (row-major) under tap `tap` of the window at output pixel `output`, or −1 in the padding. */
export function pixelUnder(w: Windows, output: number, tap: number): number {
  const y = rowUnder(w, Math.floor(output / w.outputWidth), Math.floor(tap / w.width))
  const x = columnUnder(w, output % w.outputWidth, tap % w.width)
  return y < 0 || x < 0 ? -1 : y * w.inputWidth + x
}

/** True when no two windows share a pixel and none reaches into padding. */
export const areTiles = (w: Windows): boolean =>
  w.strideY === w.height &&
  w.strideX === w.width &&
  w.dilationY === 1 &&
  w.dilationX === 1 &&
  w.padTop === 0 &&
  w.padLeft === 0 &&
  w.outputHeight * w.height <= w.inputHeight &&
  w.outputWidth * w.width <= w.inputWidth
