import { expect, test } from 'vitest'
import { differentiate } from './differentiate.ts'
import { newGraph } from './graph.ts'
import { batchNorm } from './norm.ts'
import { filled, input } from './shape.ts'

test('the gradient of batch normalisation goes through each image-sized value as few times as can be', () => {
  const g = newGraph()
  const [x, gamma, beta] = [input(g, 'x', [4, 8, 8, 3]), input(g, 'gamma', [3]), input(g, 'beta', [3])]
  const { output } = batchNorm(g, x, gamma, beta, 1e-3)
  const dy = filled(g, output.shape, 1)
  const before = g.nodes.length
  differentiate(g, output, dy, [x, gamma, beta])
  const large = g.nodes.slice(before).filter(({ inputs }) => inputs.some(({ shape }) => shape.length === 4))
  // Two sums, the product that one of them is of, and dx = dy × a − (centred × b + c).
  expect(large.map(({ op }) => ('fn' in op ? op.fn : op.type)).sort()).toEqual([
    'add',
    'multiply',
    'multiply',
    'multiply',
    'subtract',
    'sum',
    'sum',
  ])
})
