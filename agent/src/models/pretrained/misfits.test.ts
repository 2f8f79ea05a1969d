import type { WeightTensor } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { NAMES, network, storedOf } from '../../testing/namedNetwork.ts'
import { loadPretrained } from './loadPretrained.ts'

const replaced = (tensors: readonly WeightTensor[], name: string, shape: readonly number[]): WeightTensor[] =>
  tensors.map((one) => {
    const data = new Float32Array(shape.reduce((product, side) => product * side, 1))
    return one.name === name ? { name, shape, data } : one
  })

test.each<[string, (stored: WeightTensor[]) => readonly WeightTensor[], object, string]>([
  [
    'another kernel',
    (stored) => replaced(stored, 'conv2d_2/kernel', [3, 3, 2, 4]),
    {},
    'layer body: expected weights of shapes [2,2,2,4] (or its name in `except`, if it is a new one), got [3,3,2,4] of conv2d_2',
  ],
  [
    'a missing bias',
    (stored) => stored.filter(({ name }) => name !== 'conv2d_1/bias'),
    {},
    'layer stem: expected weights of shapes [3,3,3,2], [2] (or its name in `except`, if it is a new one), got [3,3,3,2] of conv2d_1',
  ],
  [
    'other layers',
    (stored) => stored.map((tensor) => ({ ...tensor, shape: [1], data: new Float32Array(1), name: `x${tensor.name}` })),
    { except: ['stem', 'norm', 'body'] },
    'weights: expected any of the layers stem, norm, body, head, got xconv2d_1, xbatch_normalization_1, xconv2d_2, xdense_1',
  ],
  [
    'a layer that is not there',
    (stored) => stored,
    { except: ['top'] },
    'loadPretrained: except: expected layers with weights: stem, norm, body, head, got top',
  ],
  [
    'half a checksum',
    (stored) => stored,
    { sha256: 'abc' },
    'loadPretrained: sha256: expected 64 hex digits, got "abc"',
  ],
])('refuses %s', async (_, change, options, message) => {
  const stored = await storedOf(network(3))
  await expect(loadPretrained(network(3, NAMES), change(stored), options)).rejects.toThrow(message)
})

test('a layer named in except is left, and the rest taken', async () => {
  const stored = replaced(await storedOf(network(3)), 'conv2d_2/kernel', [3, 3, 2, 4])
  const loaded = await loadPretrained(network(3, NAMES), stored, { except: ['body'] })
  expect(loaded).toMatchObject({ taken: ['stem', 'norm', 'head'], left: ['body'], unused: ['conv2d_2'] })
  expect(loaded.text).toBe(
    '3 of 4 layers begin with given weights, found by name; drawn anew: body; without a place: conv2d_2',
  )
})
