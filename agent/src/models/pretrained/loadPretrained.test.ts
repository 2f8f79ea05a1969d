import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adam, createTrainer, exportTfjs, type WeightTensor } from '@pawprint/engine'
import { writeSafetensors } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { expect, onTestFinished, test } from 'vitest'
import { startTestServer } from '../../datasets/testing/testData.ts'
import { NAMES, network, storedOf } from '../../testing/namedNetwork.ts'
import { loadFrom, loadPretrained } from './loadPretrained.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pawprint-weights-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

async function saved(files: readonly { name: string; bytes: Uint8Array }[]): Promise<string> {
  const path = await folder()
  for (const { name, bytes } of files) await writeFile(join(path, name), bytes)
  return path
}

const sha256Of = (...parts: readonly Uint8Array[]): string =>
  createHash('sha256').update(Buffer.concat(parts)).digest('hex')

test('a store’s weights fit a model with a new head, and what they leave out is drawn by the seed', async () => {
  const stored = await storedOf(network(5))
  const model = network(3, NAMES)
  const loaded = await loadPretrained(model, stored)
  expect(loaded).toMatchObject({
    taken: ['stem', 'norm', 'body'],
    left: ['head'],
    unused: ['dense_1'],
    matchedBy: 'name',
  })
  expect(loaded.weights).toEqual(stored.slice(0, 7))
  const options = { loss: 'categoricalCrossentropy', optimizer: adam(0.1), seed: 9 } as const
  const [begun, plain] = await Promise.all([
    createTrainer(model, { ...options, initialWeights: loaded.weights }),
    createTrainer(model, options),
  ])
  onTestFinished(async () => void (await Promise.all([begun.close(), plain.close()])))
  expect((await begun.weights()).slice(0, 7)).toEqual(stored.slice(0, 7))
  expect((await begun.weights()).slice(7)).toEqual((await plain.weights()).slice(7))
})

test('files of TensorFlow.js are read by names of layers, from a folder or its model.json, with a checksum over all', async () => {
  const own = network(3, NAMES)
  const path = await folder()
  // TensorFlow.js writes; the file's names are the layers'.
  await own.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs = [], weightData }) => {
      const bytes = new Uint8Array(weightData instanceof ArrayBuffer ? weightData : new ArrayBuffer(0))
      const [a, b] = [bytes.subarray(0, 100), bytes.subarray(100)]
      const weightsManifest = [{ paths: ['a.bin', 'b.bin'], weights: weightSpecs }]
      await writeFile(join(path, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }))
      await Promise.all([writeFile(join(path, 'a.bin'), a), writeFile(join(path, 'b.bin'), b)])
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  const sha256 = sha256Of(
    ...(await Promise.all(['model.json', 'a.bin', 'b.bin'].map((name) => readFile(join(path, name))))),
  )
  const other = network(3, [...NAMES.slice(0, 3), 'another'])
  for (const source of [path, join(path, 'model.json')]) {
    const loaded = await loadPretrained(other, source, { sha256 })
    expect(loaded).toMatchObject({ taken: ['stem', 'norm', 'body'], left: ['another'], unused: ['head'], sha256 })
    const kernel = loaded.weights.find(({ name }) => name === 'conv2d_2/kernel')
    expect([...(kernel?.data ?? [])]).toEqual([...(own.getLayer('body').getWeights()[0]?.dataSync() ?? [])])
  }
  await expect(loadPretrained(other, path, { sha256: '0'.repeat(64) })).rejects.toMatchObject({
    code: 'E_WEIGHTS',
    expected: `files with SHA-256 ${'0'.repeat(64)}`,
    got: sha256,
  })
})

test('names that libraries give by themselves say nothing: layers are then found by order', async () => {
  const stored = await storedOf(network(3))
  const keras: Readonly<Record<string, string>> = { conv2d_1: 'conv2d', conv2d_2: 'conv2d_1' }
  const renamed = stored.map((tensor) => {
    const [layer = '', leaf] = tensor.name.split('/')
    return { ...tensor, name: `${keras[layer] ?? layer}/${leaf}` }
  })
  const loaded = await loadPretrained(network(3), renamed)
  expect(loaded.matchedBy).toBe('order')
  expect(loaded.weights).toEqual(stored)
})

test('layers that people number themselves are found by their names', async () => {
  const numbered = ['part_1', 'part_2', 'part_3', 'part_4']
  const layers = [0, 0, 1, 1, 1, 1, 2, 3, 3]
  const stored = (await storedOf(network(3))).map((one, i) => ({
    ...one,
    name: `${numbered[layers[i] ?? 0]}/${one.name.split('/')[1]}`,
  }))
  const loaded = await loadPretrained(network(3, numbered), stored)
  expect(loaded).toMatchObject({ matchedBy: 'name', taken: numbered })
  expect(loaded.weights.map(({ data }) => data)).toEqual(stored.map(({ data }) => data))
  // By order they would fit.
  const backwards = loadPretrained(network(3, numbered.toReversed()), stored)
  await expect(backwards).rejects.toThrow(/^layer part_4: expected weights of shapes \[3,3,3,2\], \[2\] .*got \[4,3\]/)
})

test('a safetensors file with PyTorch’s names and layouts gives what TensorFlow.js computes from the translated ones', async () => {
  const model = network(3, NAMES)
  // [outputs, inputs, height, width] of which each number tells its place.
  const placed = (name: string, shape: readonly number[]): WeightTensor => ({
    name,
    shape,
    data: Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) => i),
  })
  const file = writeSafetensors([
    placed('stem.weight', [2, 3, 3, 3]),
    placed('stem.bias', [2]),
    // In the order of the alphabet, as such files are.
    placed('norm.bias', [2]),
    placed('norm.running_mean', [2]),
    { ...placed('norm.running_var', [2]), data: Float32Array.of(7, 8) },
    { ...placed('norm.weight', [2]), data: Float32Array.of(5, 6) },
    placed('head.bias', [3]),
    placed('head.weight', [3, 4]),
  ])
  const path = await saved([{ name: 'resnet.safetensors', bytes: file }])
  const loaded = await loadPretrained(model, join(path, 'resnet.safetensors'), { sha256: sha256Of(file) })
  expect(loaded).toMatchObject({ taken: ['stem', 'norm', 'head'], left: ['body'], unused: [] })
  const dataOf = (name: string): number[] => [...(loaded.weights.find((one) => one.name === name)?.data ?? [])]
  const transposed = tf.range(0, 54).reshape([2, 3, 3, 3]).transpose([2, 3, 1, 0])
  expect(dataOf('conv2d_1/kernel')).toEqual([...transposed.dataSync()])
  expect(dataOf('dense_1/kernel')).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
  expect(dataOf('batch_normalization_1/gamma')).toEqual([5, 6])
  expect(dataOf('batch_normalization_1/moving_variance')).toEqual([7, 8])
})

test('a download is checked, kept, and not made again; one that has changed is fetched once more', async () => {
  const stored = await storedOf(network(3))
  const files = new Map(exportTfjs({ topology: {}, weights: stored }).map(({ name, bytes }) => [`/net/${name}`, bytes]))
  const asked: string[] = []
  const server = await startTestServer((request, response) => {
    asked.push(request.url ?? '')
    const bytes = files.get(request.url ?? '')
    response.writeHead(bytes === undefined ? 404 : 200, { 'content-length': bytes?.length ?? 0 }).end(bytes)
  })
  onTestFinished(() => server.close())
  const around = { env: { XDG_CACHE_HOME: await folder() }, platform: 'linux', home: '/', currentFolder: '/' }
  const url = new URL('/net/model.json', server.url).href
  const sha256 = sha256Of(...files.values())
  const load = (options = {}) => loadFrom(network(3), url, options, around)
  const loaded = await load({ sha256 })
  expect(loaded).toMatchObject({ sha256, left: [], weights: stored })
  await load({ sha256 })
  expect(asked).toEqual(['/net/model.json', '/net/group1-shard1of1.bin'])
  const [name = ''] = await readdir(join(around.env.XDG_CACHE_HOME, 'pawprint', 'weights'))
  await writeFile(join(around.env.XDG_CACHE_HOME, 'pawprint', 'weights', name, 'group1-shard1of1.bin'), 'short')
  expect(await load({ sha256 })).toMatchObject({ sha256 })
  expect(asked).toHaveLength(4)
  await expect(load({ sha256: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'E_WEIGHTS', got: sha256 })
  await expect(loadFrom(network(3), `${url}x.json`, {}, around)).rejects.toMatchObject({ code: 'E_ANSWER' })
})
