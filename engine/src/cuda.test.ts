import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { BackendOption } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { someImages } from './testing/models.ts'
import { relativeError } from './testing/numbers.ts'
import { fitAll, small, trainerOf } from './testing/trainers.ts'

/** Fetched only by those who train on a GPU. */
const LIBRARY = 'bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so'
const onnxruntime = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
const isThere = existsSync(join(onnxruntime, LIBRARY))

async function trained(backend: BackendOption) {
  const trainer = await trainerOf(small(), { backend })
  await fitAll(trainer, someImages(small(), 64, 4), { epochs: 1, batchSize: 8 })
  return { engine: trainer.engine, weights: await trainer.weights() }
}

test.skipIf(isThere)('asked for a GPU that is not there, the engine says what is missing', async () => {
  await expect(trained('cuda')).rejects.toMatchObject({
    code: 'E_INPUT',
    message: expect.stringMatching(/^cuda: expected an NVIDIA GPU and .*install\.js`, got .*Cuda/),
  })
})

test.runIf(isThere)('on a GPU eight steps end at the weights of the CPU', async () => {
  const [gpu, cpu] = [await trained('cuda'), await trained('onnx')]
  expect(gpu.engine).toMatch(/^onnxruntime cuda/)
  for (const [i, { data }] of cpu.weights.entries())
    expect(relativeError(gpu.weights[i]?.data ?? [], data)).toBeLessThan(1e-3)
})
