import { describe, expect, test } from 'vitest'
import { differentiate } from '../ir/differentiate.ts'
import { relu, times } from '../ir/elementwise.ts'
import { type Graph, newGraph, type Value } from '../ir/graph.ts'
import { sum } from '../ir/linear.ts'
import { batchNorm } from '../ir/norm.ts'
import { constant, input, slice } from '../ir/shape.ts'
import { adam } from '../optimizers/index.ts'
import { isNativeBuilt } from '../testing/devices.ts'
import { benchModel, someSamples } from '../testing/models.ts'
import { graphOf, stepCase } from '../testing/steps.ts'
import { nativeAddon, type Program } from './addon.ts'
import { programOf } from './program.ts'

const FUNCTIONS = ['copy', 'relu', 'add', 'subtract', 'multiply', 'divide', 'sqrt', 'gate', 'greater', 'exp']

function programFor(model: Parameters<typeof someSamples>[0]): Program {
  const data = someSamples(model, 8, 1)
  const step = graphOf(stepCase(model, data, { loss: 'categoricalCrossentropy', optimizer: adam(0.001), batchSize: 4 }))
  const inputs = step.graph.nodes.flatMap(({ op, output }) => (op.type === 'input' ? [output] : []))
  const isState = (value: Value): boolean => step.state.some(({ before }) => before === value)
  const ends = {
    inputs: inputs.map((value) => ({ value, isEach: !isState(value) })),
    outputs: step.state.map(({ after }) => ({ value: after, isEach: false })),
    state: step.state,
  }
  return programOf(step.graph.nodes, ends, 1, FUNCTIONS)
}

const kernelsOf = ({ instructions }: Program): string[] => instructions.map(({ kernel }) => kernel)

test('an optimiser is one chain that goes through the weights once, and writes over the state it reads', () => {
  const program = programFor(benchModel(8, 4, 12))
  const weights = program.outputs[1]
  const chains = program.instructions.filter(({ kernel, numbers }) => kernel === 'map' && numbers[0] === weights)
  expect(chains).toHaveLength(1)
  // Weights and two moments come in and go out at the same places; nothing is copied there, nor gradients put together.
  const [places, ends] = [program.inputs.filter((_, i) => i % 4 === 0), program.outputs.filter((_, i) => i % 3 === 0)]
  for (const place of ends) expect(places).toContain(place)
  expect(kernelsOf(program)).not.toContain('copy')
})

test('batch normalisation with relu goes through an image three times: moments, output with what its gradient sums up, gradient', () => {
  const g: Graph = newGraph()
  const shape = [4, 8, 8, 16]
  const [x, gamma, beta, target] = [
    input(g, 'x', shape),
    input(g, 'gamma', [16]),
    input(g, 'beta', [16]),
    input(g, 'target', shape),
  ]
  const y = relu(g, batchNorm(g, x, gamma, beta, 1e-3).output)
  const loss = sum(g, times(g, y, target), [0, 1, 2, 3])
  const gradients = differentiate(g, loss, constant(g, [], [1]), [x, gamma, beta])
  const each = (value: Value) => ({ value, isEach: true })
  const ends = { inputs: [x, gamma, beta, target].map(each), outputs: gradients.map(each), state: [] }
  const { instructions } = programOf(g.nodes, ends, 1, FUNCTIONS)
  expect(instructions.filter(({ numbers }) => numbers[0] === 4 * 8 * 8 * 16)).toHaveLength(3)
})

describe.runIf(isNativeBuilt)('the addon refuses', () => {
  const program = (change: Partial<Program>): Program => ({
    arenaSize: 64,
    constants: new Float32Array(),
    inputs: Float64Array.of(0, 4, 0, 1),
    outputs: Float64Array.of(16, 4, 1),
    instructions: [{ kernel: 'copy', numbers: Float64Array.of(1, 4, 4, 4, 0, 16) }],
    threads: 1,
    ...change,
  })
  const one = (kernel: string, ...numbers: number[]) => ({
    instructions: [{ kernel, numbers: Float64Array.from(numbers) }],
  })

  test.each([
    ['a kernel that it does not know', one('conjure'), /no kernel is called conjure/],
    ['too few numbers', one('copy', 1, 4), /too few numbers/],
    ['too many numbers', one('copy', 1, 4, 4, 4, 0, 16, 7), /copy: more numbers than it takes/],
    ['a kernel whose name is too long', one('x'.repeat(500)), /no kernel is called x/],
    ['numbers of another kind', { constants: new Float64Array() as never }, /another kind/],
    ['what is no list', { instructions: 7 as never }, /an array/],
  ] as const)('to compile %s', (_, change, message) => {
    expect(() => nativeAddon().compile(program(change))).toThrow(message)
  })

  test('to run on arrays of another length, kind or number', () => {
    const addon = nativeAddon()
    const handle = addon.compile(program({}))
    const four = Float32Array.of(1, 2, 3, 4)
    const out = new Float32Array(4)
    expect(() => addon.run(handle, 1, [four.subarray(1)], [out])).toThrow(/another length/)
    expect(() => addon.run(handle, 2, [four], [out])).toThrow(/another length/)
    expect(() => addon.run(handle, 1, [new Int32Array(4)], [out])).toThrow(/another kind/)
    expect(() => addon.run(handle, 1, [], [out])).toThrow(/another number of inputs/)
    expect(() => addon.run({}, 1, [four], [out])).toThrow(/a compiled program/)
    addon.run(handle, 1, [four], [out])
    expect(out).toEqual(four)
  })
})

test('values that are read at the same time lie apart, a part of a value within it', () => {
  const g: Graph = newGraph()
  const x = input(g, 'x', [64])
  const [low, high] = [slice(g, x, 0, 0, 32), slice(g, x, 0, 32, 32)]
  const [a, b] = [relu(g, low), relu(g, high)]
  const ends = {
    inputs: [{ value: x, isEach: true }],
    outputs: [a, b].map((value) => ({ value, isEach: true })),
    state: [],
  }
  const { outputs, inputs, instructions } = programOf(g.nodes, ends, 1, FUNCTIONS)
  const [first = 0, , , second = 0] = outputs
  expect(Math.abs(first - second)).toBeGreaterThanOrEqual(32)
  // No copy: a chain of one or two functions reads x itself, at both places.
  expect(instructions.every(({ kernel }) => kernel === 'map')).toBe(true)
  const numbers = instructions.flatMap((instruction) => [...instruction.numbers])
  expect(numbers).toContain((inputs[0] ?? 0) + 32)
})
