import type { Node, Value } from '../ir/graph.ts'
import { producersOf, usersOf } from '../ir/graph.ts'
import { areTiles, pixelUnder, type Windows } from '../ir/windows.ts'

/**
 * The order in which the pixels of an image value are stored: row i of an image holds pixel `pixels[i]`. Pixels that no window covers
 * may be absent.
 */
export interface PixelOrder {
  readonly key: string
  readonly pixels: Int32Array
}

/** Values stored in another order than row-major. */
export type Layouts = ReadonlyMap<Value, PixelOrder>

/**
 * Chooses where to store images window by window: first the first tap of every pooling window, then the second, and so on. Max-pooling
 * is then a maximum over an axis. Done for the result of a convolution that is pooled by tiles (windows that neither overlap nor
 * reach into padding) and for its gradient, when nothing else reads them: a convolution writes rows in any order at no cost.
 */
export function chooseLayouts(nodes: readonly Node[], outputs: ReadonlySet<Value>): Layouts {
  const layouts = new Map<Value, PixelOrder>()
  const users = usersOf(nodes)
  const producers = producersOf(nodes)
  for (const { op, inputs } of nodes) {
    const [x] = inputs
    if (op.type !== 'maxPool' || x === undefined || !areTiles(op.windows)) continue
    if (producers.get(x)?.op.type !== 'conv2d') continue
    const readers = users.get(x) ?? []
    const gradients = readers.filter((node) => node.op.type === 'maxPoolGrad').map((node) => node.output)
    const isPoolOnly = readers.length === 1 + gradients.length
    if (!isPoolOnly || !gradients.every((value) => (users.get(value) ?? []).every(readsAnyOrder))) continue
    const values = [x, ...gradients]
    if (values.some((value) => outputs.has(value))) continue
    const order = windowOrder(op.windows)
    for (const value of values) layouts.set(value, order)
  }
  return layouts
}

/** Row-major order of all pixels. */
export const naturalOrder = (count: number): PixelOrder => ({
  key: 'natural',
  pixels: Int32Array.from({ length: count }, (_, i) => i),
})

/** Tap by tap, and within a tap window by window. */
export function windowOrder(windows: Windows): PixelOrder {
  const taps = windows.height * windows.width
  const count = windows.outputHeight * windows.outputWidth
  const pixels = Int32Array.from({ length: taps * count }, (_, i) =>
    pixelUnder(windows, i % count, Math.floor(i / count)),
  )
  return { key: `windows ${windows.height}x${windows.width}`, pixels }
}

function readsAnyOrder({ op }: Node): boolean {
  if (op.type === 'sum') return op.axes.join() === '0,1,2'
  return op.type === 'conv2dGradFilter' || op.type === 'conv2dGradInput'
}
