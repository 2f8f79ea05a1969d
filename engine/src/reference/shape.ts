import type { ShapeOp } from '../ir/shape.ts'
import { at, copyRange, indexOf, newOutput, only, positionAt } from './arrays.ts'
import type { Kernels } from './run.ts'

export const shapeKernels: Kernels<ShapeOp> = {
  input: ({ op }) => {
    throw new Error(`input ${op.name} was not fed`)
  },
  constant: ({ op }) => Float64Array.from(op.values),
  toFloat: (_, inputs) => only(inputs),
  reshape: (_, inputs) => only(inputs),
  slice: ({ op, inputs: [x], output }, inputs) => {
    const y = newOutput(output)
    if (x !== undefined) copyRange(only(inputs), x.shape, op.start, y, output.shape, 0, op.axis)
    return y
  },
  concat: ({ op, inputs: parts, output }, inputs) => {
    const y = newOutput(output)
    let start = 0
    parts.forEach((part, i) => {
      const data = inputs[i]
      if (data !== undefined) copyRange(data, part.shape, 0, y, output.shape, start, op.axis)
      start += part.shape[op.axis] ?? 0
    })
    return y
  },
  pad: ({ op, inputs: [x], output }, inputs) => {
    const y = newOutput(output)
    if (x !== undefined) copyRange(only(inputs), x.shape, 0, y, output.shape, op.before, op.axis)
    return y
  },
  transpose: ({ op, inputs: [x], output }, inputs) => {
    const data = only(inputs)
    return newOutput(output).map((_, i) => {
      const position = positionAt(i, output.shape)
      const source = op.permutation.map((_, axis) => at(position, op.permutation.indexOf(axis)))
      return at(data, indexOf(source, x?.shape ?? []))
    })
  },
}
