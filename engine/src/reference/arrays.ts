import { type Shape, sizeOf, type Value } from '../ir/graph.ts'

export const newOutput = (value: Value): Float64Array => new Float64Array(sizeOf(value.shape))

/** Element `i`; a wrong index is a bug and becomes NaN, which no comparison survives. */
export const at = (data: ArrayLike<number>, i: number): number => data[i] ?? Number.NaN

export function only(inputs: readonly Float64Array[]): Float64Array {
  const [x] = inputs
  if (x === undefined) throw new Error('an input is missing')
  return x
}

export function two(inputs: readonly Float64Array[]): readonly [Float64Array, Float64Array] {
  const [a, b] = inputs
  if (a === undefined || b === undefined) throw new Error('two inputs are needed')
  return [a, b]
}

/** Copies what `from` and `to` share along `axis`, starting at the two offsets; other axes are equal. */
export function copyRange(
  from: Float64Array,
  fromShape: Shape,
  fromStart: number,
  to: Float64Array,
  toShape: Shape,
  toStart: number,
  axis: number,
): void {
  const inner = sizeOf(fromShape.slice(axis + 1))
  const outer = sizeOf(fromShape.slice(0, axis))
  const [fromSize, toSize] = [fromShape[axis] ?? 0, toShape[axis] ?? 0]
  const count = Math.min(fromSize - fromStart, toSize - toStart)
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < count * inner; i++)
      to[(o * toSize + toStart) * inner + i] = at(from, (o * fromSize + fromStart) * inner + i)
}

/** The position of every axis at flat index `i` of `shape`. */
export function positionAt(i: number, shape: Shape): number[] {
  let rest = i
  return shape
    .toReversed()
    .map((dim) => {
      const position = rest % dim
      rest = Math.floor(rest / dim)
      return position
    })
    .toReversed()
}

/** The flat index of `position` in `shape`; axes of size one are broadcast, and missing leading axes ignored. */
export function indexOf(position: readonly number[], shape: Shape): number {
  const offset = position.length - shape.length
  return shape.reduce((index, dim, axis) => index * dim + (dim === 1 ? 0 : at(position, axis + offset)), 0)
}
