import { add, type ElementType, type Graph, type Rules, type Shape, sizeOf, type Value } from './graph.ts'

/** Ops that make or move data and compute nothing. */
export type ShapeOp =
  /** Given from outside at each run. */
  | { readonly type: 'input'; readonly name: string }
  /** Fixed numbers, row-major. */
  | { readonly type: 'constant'; readonly values: readonly number[] }
  /** Bytes or integers to floats. */
  | { readonly type: 'toFloat' }
  | { readonly type: 'reshape' }
  /** A range of `axis` from `start`, as long as the output's axis. */
  | { readonly type: 'slice'; readonly axis: number; readonly start: number }
  | { readonly type: 'concat'; readonly axis: number }
  /** Zeros before and after, along one axis. */
  | { readonly type: 'pad'; readonly axis: number; readonly before: number; readonly after: number }
  /** Axis i of the output is axis `permutation[i]` of the input. */
  | { readonly type: 'transpose'; readonly permutation: readonly number[] }

export const input = (g: Graph, name: string, shape: Shape, type: ElementType = 'float'): Value =>
  add(g, { type: 'input', name }, [], shape, type)

export const constant = (g: Graph, shape: Shape, values: readonly number[]): Value =>
  add(g, { type: 'constant', values }, [], shape)

/** One number repeated over a shape. */
export const filled = (g: Graph, shape: Shape, value: number): Value =>
  constant(g, shape, new Array<number>(sizeOf(shape)).fill(value))

export const toFloat = (g: Graph, x: Value): Value => add(g, { type: 'toFloat' }, [x], x.shape)

export function reshape(g: Graph, x: Value, shape: Shape): Value {
  if (sizeOf(shape) !== sizeOf(x.shape)) throw new Error(`reshape: [${x.shape}] has another size than [${shape}]`)
  return add(g, { type: 'reshape' }, [x], shape, x.type)
}

export function slice(g: Graph, x: Value, axis: number, start: number, size: number): Value {
  const shape = x.shape.map((dim, i) => (i === axis ? size : dim))
  return add(g, { type: 'slice', axis, start }, [x], shape, x.type)
}

export function concat(g: Graph, parts: readonly Value[], axis: number): Value {
  const [first] = parts
  if (first === undefined) throw new Error('concat: nothing to concatenate')
  const total = parts.reduce((size, part) => size + (part.shape[axis] ?? 0), 0)
  const shape = first.shape.map((dim, i) => (i === axis ? total : dim))
  return add(g, { type: 'concat', axis }, parts, shape, first.type)
}

export function pad(g: Graph, x: Value, axis: number, before: number, after: number): Value {
  const shape = x.shape.map((dim, i) => (i === axis ? before + dim + after : dim))
  return add(g, { type: 'pad', axis, before, after }, [x], shape, x.type)
}

export function transpose(g: Graph, x: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => x.shape[axis] ?? Number.NaN)
  if (permutation.length !== x.shape.length || !x.shape.every((_, axis) => permutation.includes(axis)))
    throw new Error(`transpose: [${permutation}] is no order of the axes of [${x.shape}]`)
  return add(g, { type: 'transpose', permutation }, [x], shape, x.type)
}

/** Consecutive pieces of one flat vector, one per shape. */
export function unflatten(g: Graph, vector: Value, shapes: readonly Shape[]): Value[] {
  let start = 0
  return shapes.map((shape) => {
    const piece = slice(g, vector, 0, start, sizeOf(shape))
    start += sizeOf(shape)
    return reshape(g, piece, shape)
  })
}

/** All values, one after the other, as one vector. */
export const flatten = (g: Graph, values: readonly Value[]): Value =>
  concat(
    g,
    values.map((value) => reshape(g, value, [sizeOf(value.shape)])),
    0,
  )

export const shapeRules: Rules<ShapeOp> = {
  input: () => [],
  constant: () => [],
  toFloat: () => [null],
  reshape: (g, { inputs: [x] }, dy) => [() => reshape(g, dy, x?.shape ?? [])],
  slice: (g, { op: { axis, start }, inputs: [x], output }, dy) => {
    const end = start + (output.shape[axis] ?? 0)
    return [() => pad(g, dy, axis, start, (x?.shape[axis] ?? 0) - end)]
  },
  concat: (g, { op, inputs }, dy) => {
    let end = 0
    return inputs.map((part) => {
      const size = part.shape[op.axis] ?? 0
      const start = end
      end += size
      return () => slice(g, dy, op.axis, start, size)
    })
  },
  pad: (g, { op: { axis, before }, inputs: [x] }, dy) => [() => slice(g, dy, axis, before, x?.shape[axis] ?? 0)],
  transpose: (g, { op: { permutation } }, dy) => [
    () =>
      transpose(
        g,
        dy,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  ],
}
