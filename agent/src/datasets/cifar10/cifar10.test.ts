import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Surroundings } from '../archives/locate.ts'
import { datasets } from '../index.ts'
import {
  CLASS_NAMES,
  makeArchive,
  makeCifarFiles,
  makeRecords,
  pixelOf,
  sendFile,
  startTestServer,
} from '../testing/testData.ts'
import type { Cifar10Options, Dataset } from '../types.ts'
import { cifar10 } from './cifar10.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-cifar-'))
})
afterEach(() => rm(folder, { recursive: true }))

const NOBODY = 'http://127.0.0.1:1/'
const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** Loads in a made-up home, where only what the test put there can be found, and nobody answers unless it says so. */
function load(options: Cifar10Options = {}, env: Surroundings['env'] = {}): Promise<Dataset> {
  const around = { argv: [], env, platform: 'linux', home: join(folder, 'home'), currentFolder: folder }
  return cifar10({ url: NOBODY, log: () => undefined, ...options }, around)
}

async function putFolder(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(join(path, 'cifar-10-batches-bin'), { recursive: true })
  for (const [name, bytes] of files) await writeFile(join(path, 'cifar-10-batches-bin', name), bytes)
}

async function putArchive(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'cifar-10-binary.tar.gz'), bytes)
}

test('an archive in ./datasets becomes three sets of pixels in rows, RGB', async () => {
  await putArchive(join(folder, 'datasets'), makeArchive(makeCifarFiles(2)))
  const { train, validation, test, task, source } = await load()
  expect(task).toEqual({
    name: 'cifar10',
    classNames: CLASS_NAMES,
    metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 },
  })
  expect([train, validation, test].map(({ labels }) => labels.length)).toEqual([90, 10, 20])
  expect([...validation.labels].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(test).toMatchObject({ height: 32, width: 32, channels: 3, classCount: 10 })
  for (const at of [0, 1, 2, 3071, 3072, 5000, 61_439]) {
    const [record, inside] = [Math.floor(at / 3072), at % 3072]
    const pixel = Math.floor(inside / 3)
    expect(test.images[at]).toBe(pixelOf(record, inside % 3, Math.floor(pixel / 32), pixel % 32))
  }
  expect(source).toBe(join(folder, 'datasets', 'cifar-10-binary.tar.gz'))
})

test('the archive and its unpacked folder give the same sets', async () => {
  const files = makeCifarFiles(1)
  await putArchive(join(folder, 'packed'), makeArchive(files))
  await putFolder(join(folder, 'unpacked'), files)
  const packed = await load({ directory: join(folder, 'packed') })
  const unpacked = await load({}, { PAWPRINT_DATASETS: 'unpacked' })
  for (const part of ['train', 'validation', 'test'] as const)
    expect(packed[part].fingerprint).toBe(unpacked[part].fingerprint)
})

test('fewer records than the official ones are fine, and said', async () => {
  await putFolder(join(folder, 'datasets'), makeCifarFiles(1))
  const lines: string[] = []
  const { notice } = await load({ log: (line) => lines.push(line) })
  expect(notice).toBe(
    `${join(folder, 'datasets', 'cifar-10-batches-bin')} holds 50 training and 10 test images; ` +
      'the official CIFAR-10 has 50,000 and 10,000.',
  )
  expect(lines).toEqual([notice])
})

test('another image size resizes, and says how', async () => {
  await putFolder(join(folder, 'datasets'), makeCifarFiles(1))
  const { test, preprocessing } = await load({ imageSize: 16 })
  expect(test).toMatchObject({ height: 16, width: 16, preprocessing })
  expect(test.images).toHaveLength(10 * 16 * 16 * 3)
  expect(preprocessing).toEqual({ imageSize: 16, fit: 'fill', kernel: 'lanczos3' })
})

test('without validation everything is for training', async () => {
  await putFolder(join(folder, 'datasets'), makeCifarFiles(1))
  const { train, validation } = await load({ validationSplit: 0 })
  expect([train.labels.length, validation.labels.length]).toEqual([50, 0])
})

test.each([
  [
    'data_batch_2.bin',
    makeRecords([1]).subarray(5),
    'data_batch_2.bin: expected a size that is a multiple of 3,073 bytes',
  ],
  ['test_batch.bin', makeRecords([0, 77]), 'test_batch.bin, record 2: expected a label from 0 to 9, got 77'],
  ['batches.meta.txt', Buffer.from('cat\ndog\n'), 'batches.meta.txt: expected 10 different names, got 2'],
  ['data_batch_4.bin', null, 'got no data_batch_4.bin'],
])('a broken %s is an error with its place, not a reason to use other data', async (name, bytes, message) => {
  const files = makeCifarFiles(1, { [name]: bytes })
  await putFolder(join(folder, 'datasets'), files)
  await expect(load()).rejects.toThrow(message)
  await putArchive(join(folder, 'packed'), makeArchive(files))
  await expect(load({ directory: join(folder, 'packed') })).rejects.toThrow(message)
})

test('an archive cut short is an error with its place', async () => {
  const archive = makeArchive(makeCifarFiles(1))
  await putArchive(join(folder, 'datasets'), archive.subarray(0, archive.length / 2))
  await expect(load()).rejects.toThrow(
    /cifar-10-binary\.tar\.gz: expected a complete gzip file, got one that ends too early/,
  )
  await putArchive(join(folder, 'datasets'), Buffer.from('<html>'))
  await expect(load()).rejects.toThrow(/expected a complete gzip file, got "incorrect header check"/)
})

test('downloads to the cache, and finds it there the next time', async () => {
  const archive = makeArchive(makeCifarFiles(1))
  const server = await startTestServer((request, response) => sendFile(request, response, archive))
  const reports: number[] = []
  const onProgress = ({ received }: { received: number }): void => void reports.push(received)
  const fetched = await load({ url: server.url, md5: md5Of(archive), onProgress })
  const cached = await load({ url: server.url })
  await server.close()
  const path = join(folder, 'home', '.cache', 'pawprint', 'datasets', 'cifar-10-binary.tar.gz')
  expect(fetched.source).toBe(`${path}, downloaded from ${server.url}`)
  expect(cached.source).toBe(path)
  expect(cached.train.fingerprint).toBe(fetched.train.fingerprint)
  expect(server.requests).toHaveLength(1)
  expect(reports.at(-1)).toBe(archive.length)
})

test('the address and the cache may come from the environment; the checksum stays the official one', async () => {
  const server = await startTestServer((request, response) =>
    sendFile(request, response, makeArchive(makeCifarFiles(1))),
  )
  const env = { PAWPRINT_CIFAR10_URL: server.url, XDG_CACHE_HOME: join(folder, 'cache') }
  const around = { argv: [], env, platform: 'linux', home: folder, currentFolder: folder }
  const { task, notice } = await cifar10({ imageSize: 8, log: () => undefined, onProgress: () => undefined }, around)
  await server.close()
  expect(task.name).toBe('shapes')
  expect(notice).toContain('could not be downloaded (one with MD5 ')
  expect(await readdir(join(folder, 'cache', 'pawprint', 'datasets'))).toEqual([])
})

test('without a network one plain line says so, and shapes take its place', async () => {
  const lines: string[] = []
  const { task, notice, train, source } = await load({ imageSize: 8, log: (line) => lines.push(line) })
  expect(lines).toEqual([notice])
  expect(notice).toBe(
    'CIFAR-10 was not found and could not be downloaded (no network: ECONNREFUSED). Using the built-in set "shapes". ' +
      'To use CIFAR-10, put cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz ' +
      `into ./datasets (${join(folder, 'datasets')}).`,
  )
  expect(notice).not.toContain('\n')
  expect(task.name).toBe('shapes')
  expect(train.fingerprint).toBe((await datasets.shapes({ imageSize: 8 })).train.fingerprint)
  expect(source).toBe('built-in drawings')
})

test('a folder that was named and is not there is mentioned', async () => {
  const { notice } = await load({ imageSize: 8 }, { PAWPRINT_DATASETS: 'nowhere' })
  expect(notice).toContain(`; PAWPRINT_DATASETS names ${join(folder, 'nowhere')}, which is not there)`)
})

test('aborting rejects with its reason instead of drawing shapes', async () => {
  await expect(load({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})

test('wrong options are refused by the public functions', async () => {
  await expect(datasets.cifar10({ imageSize: 0 })).rejects.toThrow('datasets.cifar10: imageSize')
  await expect(datasets.shapes({ imageSize: 1.5 })).rejects.toThrow('datasets.shapes: imageSize')
})

// The small real set when the variable names one, else made-up data of the same layout: either must load.
test('the folder that PAWPRINT_DATASETS names loads, class by class', async () => {
  await putFolder(join(folder, 'made'), makeCifarFiles(10))
  const directory = process.env.PAWPRINT_DATASETS || join(folder, 'made')
  const { train, validation, test, task } = await load({ directory })
  expect(task.classNames).toEqual(CLASS_NAMES)
  for (const { images, labels } of [train, validation, test]) {
    const counts = CLASS_NAMES.map((_, label) => labels.filter((other) => other === label).length)
    expect(new Set(counts).size).toBe(1)
    expect(images).toHaveLength(labels.length * 3072)
  }
  expect(validation.labels.length * 9).toBe(train.labels.length)
})
