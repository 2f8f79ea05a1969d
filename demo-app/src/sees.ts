import type { Part } from './predict.ts'

/** What of the model's preprocessing the small picture needs. */
export interface Input {
  readonly width: number
  readonly height: number
  readonly channels: 'rgb' | 'grey'
  readonly fit: 'fill' | 'cover'
}

/** The part of a picture that the model sees: `[x, y, width, height]`. `fill` takes all; `cover` the middle of the model's shape. */
export function seenPart(width: number, height: number, input: Input): [number, number, number, number] {
  if (input.fit === 'fill') return [0, 0, width, height]
  const scale = Math.min(width / input.width, height / input.height)
  const [w, h] = [input.width * scale, input.height * scale]
  return [(width - w) / 2, (height - h) / 2, w, h]
}

/** Draws a picture, or a part of it, at the model's own size, transparency on white. The browser's resampling is close to the server's, not equal. */
export function drawSeen(canvas: HTMLCanvasElement, image: HTMLImageElement, input: Input, part: Part | null): void {
  canvas.width = input.width
  canvas.height = input.height
  const context = canvas.getContext('2d')
  if (context === null) return
  context.fillStyle = '#fff'
  context.fillRect(0, 0, input.width, input.height)
  context.imageSmoothingQuality = 'high'
  if (input.channels === 'grey') context.filter = 'grayscale(1)'
  const shown = part ?? { left: 0, top: 0, width: image.naturalWidth, height: image.naturalHeight }
  const [x, y, width, height] = seenPart(shown.width, shown.height, input)
  context.drawImage(image, shown.left + x, shown.top + y, width, height, 0, 0, input.width, input.height)
}
