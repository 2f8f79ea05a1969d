import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { datasets } from '../index.ts'
import { dogArchives, factsOf, makeDogs, putFiles } from '../testing/testPets.ts'
import type { Dataset, StanfordDogsOptions } from '../types.ts'
import { stanfordDogs } from './stanfordDogs.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-dogs-'))
})
afterEach(() => rm(folder, { recursive: true }))

function load(options: StanfordDogsOptions = {}): Promise<Dataset> {
  const around = { argv: [], env: {}, platform: 'linux', home: join(folder, 'home'), currentFolder: folder }
  const nobody = 'http://127.0.0.1:1/'
  return stanfordDogs({ url: nobody, imageSize: 12, log: () => undefined, ...options }, around)
}

test('the archives become three sets by the official lists, every image under its breed', async () => {
  const { 'annotation.tar': _, ...archives } = dogArchives(await makeDogs())
  await putFiles(join(folder, 'datasets'), archives)
  const { train, validation, test, task, notice } = await load({ validationSplit: 0.25 })
  expect(task).toMatchObject({
    name: 'dog-breeds',
    classNames: ['Chihuahua', 'Japanese Spaniel', 'African Hunting Dog'],
  })
  expect([train, validation, test].map(({ labels }) => labels.length)).toEqual([9, 3, 6])
  for (const part of [train, validation, test])
    for (const [breed, number, label] of factsOf(part)) {
      expect(label).toBe(breed)
      expect((number as number) > 4).toBe(part === test)
    }
  expect(notice).toBe(
    `${join(folder, 'datasets')} lists 12 training and 6 test images; the official Stanford Dogs has 12,000 training and 8,580 test images.`,
  )
})

test('the unpacked folders give the same sets as the archives', async () => {
  const made = await makeDogs()
  await putFiles(join(folder, 'packed'), dogArchives(made))
  await putFiles(join(folder, 'unpacked'), { ...made.images, ...made.lists, ...made.annotations })
  for (const input of ['uncropped', 'cropped'] as const) {
    const packed = await load({ directory: join(folder, 'packed'), input })
    const unpacked = await load({ directory: join(folder, 'unpacked'), input })
    for (const part of ['train', 'validation', 'test'] as const)
      expect(unpacked[part].fingerprint).toBe(packed[part].fingerprint)
  }
})

test('cropped: the largest box, by the official lists', async () => {
  await putFiles(join(folder, 'datasets'), dogArchives(await makeDogs()))
  const { train, validation, test, preprocessing } = await load({ input: 'cropped' })
  expect([train, validation, test].map(({ labels }) => labels.length)).toEqual([10, 2, 6])
  for (const part of [train, validation, test]) for (const [, , , blue] of factsOf(part)) expect(blue).toBe(200)
  expect(preprocessing.input).toBe('cropped')
})

test('cropped asks for the archive with the boxes, too', async () => {
  const { 'annotation.tar': _, ...archives } = dogArchives(await makeDogs())
  await putFiles(join(folder, 'datasets'), archives)
  const { task, notice } = await load({ input: 'cropped', imageSize: 8 })
  expect(task.name).toBe('drawn-dogs')
  expect(notice).toContain('put images.tar and lists.tar and annotation.tar from')
})

test('a list that is no MATLAB file is an error with its place', async () => {
  const made = await makeDogs()
  await putFiles(
    join(folder, 'datasets'),
    dogArchives({ ...made, lists: { ...made.lists, 'test_list.mat': Buffer.from('?') } }),
  )
  await expect(load()).rejects.toThrow(
    'lists.tar, test_list.mat: expected a MATLAB 5 file, got 1 bytes of something else',
  )
})

test.each([
  [{ species: 'dog' }, 'datasets.stanfordDogs: expected options among'],
  [{ input: 'whole' }, 'datasets.stanfordDogs: input: expected "uncropped" or "cropped", got "whole"'],
])('refuses %j', async (options, message) => {
  await expect(datasets.stanfordDogs(options as StanfordDogsOptions)).rejects.toThrow(message)
})
