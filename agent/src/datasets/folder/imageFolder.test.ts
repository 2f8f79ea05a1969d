import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pixelsOf } from '../../../../demo-app/server/picture.ts'
import type { Surroundings } from '../archives/locate.ts'
import { DatasetError } from '../errors.ts'
import { pictureOf } from '../testing/testPictures.ts'
import type { Dataset, ImageFolderOptions } from '../types.ts'
import { imageFolder } from './imageFolder.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pictures-'))
})
afterEach(() => rm(root, { recursive: true }))

const around = (): Surroundings => ({
  argv: [],
  env: { XDG_CACHE_HOME: join(root, 'cache') },
  platform: 'linux',
  home: root,
  currentFolder: root,
})
async function put(path: string, bytes: string | Uint8Array): Promise<void> {
  await mkdir(join(root, dirname(path)), { recursive: true })
  await writeFile(join(root, path), bytes)
}
/** Small pictures, no two alike; numbers from `first`. */
async function putPictures(folder: string, first: number, count: number): Promise<void> {
  for (let n = first; n < first + count; n++)
    await put(
      `${folder}/${n}.png`,
      await pictureOf(n, 10 + (n % 3), 9)
        .png()
        .toBuffer(),
    )
}

const lines: string[] = []
const open = (folders: string | string[], options: ImageFolderOptions = {}): Promise<Dataset> => {
  lines.length = 0
  return imageFolder(folders, { imageSize: 8, log: (line) => lines.push(line), ...options }, around())
}
const SIDES = ['train', 'validation', 'test'] as const
/** Name, side and label of each image. */
const whereabouts = (data: Dataset): Map<string, string> =>
  new Map(
    SIDES.flatMap((side) =>
      (data.files?.[side] ?? []).map(({ name }, n) => [
        name,
        `${side}: ${data.task.classNames[data[side].labels[n] as number]}`,
      ]),
    ),
  )

test('each picture is in one set, with its class, and as the demo sees it', async () => {
  await putPictures('pets/cat', 0, 30)
  await putPictures('pets/dog', 100, 30)
  const data = await open('pets', { testSplit: 0.3, validationSplit: 0.3 })
  expect(lines).toEqual([])
  expect(data.task).toMatchObject({ name: 'pets', classNames: ['cat', 'dog'] })
  expect(data.source).toBe(join(root, 'pets'))
  const found = whereabouts(data)
  expect(found.size).toBe(60)
  for (const [name, where] of found) expect(where.endsWith(`: ${name.split('/')[1]}`)).toBe(true)
  const model = { width: 8, height: 8, channels: 'rgb', fit: 'fill', kernel: 'lanczos3', scale: 1 } as const
  for (const side of SIDES) {
    const { images, labels } = data[side]
    expect(labels.length).toBeGreaterThan(0)
    expect(images.buffer).toBeInstanceOf(SharedArrayBuffer)
    for (const [n, { name, width, height }] of (data.files?.[side] ?? []).entries()) {
      const number = Number(/(\d+)\.png$/.exec(name)?.[1])
      expect([width, height]).toEqual([10 + (number % 3), 9])
      const bytes = await pictureOf(number, width, height).png().toBuffer()
      const expected = await pixelsOf(bytes, { ...model, mean: [0, 0, 0], std: [1, 1, 1] })
      expect(Buffer.from(images.subarray(n * 192, (n + 1) * 192)).equals(expected)).toBe(true)
    }
  }
})

test('pictures that belong together are in one set', async () => {
  await putPictures('pets/cat', 0, 24)
  await putPictures('pets/dog', 100, 24)
  // Four pictures of each animal.
  const animalOf = (name: string): string => String(Math.floor(Number(/(\d+)\.png$/.exec(name)?.[1]) / 4))
  const data = await open('pets', { testSplit: 0.3, validationSplit: 0.2, groupOf: ({ name }) => animalOf(name) })
  const found = [...whereabouts(data)].map(([name, where]) => [animalOf(name), where] as const)
  expect(new Map(found).size).toBe(12)
  for (const [animal, where] of found) expect(new Map(found).get(animal)).toBe(where)
  expect(SIDES.map((side) => data[side].labels.length)).toEqual([24, 8, 16])
})

test('a picture stays in its set when others come and go; a copy is in the same one', async () => {
  await putPictures('pets/cat', 0, 20)
  await putPictures('pets/dog', 100, 20)
  const before = whereabouts(await open('pets'))
  await putPictures('pets/dog', 200, 20)
  await putPictures('pets/ant', 300, 20)
  await rm(join(root, 'pets/cat/3.png'))
  await cp(join(root, 'pets/dog'), join(root, 'spare'), { recursive: true })
  await cp(join(root, 'spare'), join(root, 'pets/dog/copies'), { recursive: true })
  const after = whereabouts(await open('pets'))
  before.delete('pets/cat/3.png')
  for (const [name, where] of before) expect(after.get(name)).toBe(where)
  for (const name of await readdir(join(root, 'pets/dog/copies')))
    expect(after.get(`pets/dog/copies/${name}`)).toBe(after.get(`pets/dog/${name}`))
})

test('names do not matter for the fingerprint; pixels and seed do', async () => {
  await putPictures('a/cat', 0, 15)
  await putPictures('a/dog', 100, 15)
  for (const n of [...Array(15).keys()]) {
    await mkdir(join(root, 'b/cat/deep'), { recursive: true })
    await cp(join(root, `a/cat/${n}.png`), join(root, `b/cat/deep/x${99 - n}.png`))
  }
  await cp(join(root, 'a/dog'), join(root, 'b/dog'), { recursive: true })
  const fingerprints = async (folder: string, seed = 0) => {
    const data = await open(folder, { seed })
    return SIDES.map((side) => data[side].fingerprint)
  }
  const first = await fingerprints('a')
  expect(await fingerprints('b')).toEqual(first)
  expect((await fingerprints('a', 1))[0]).not.toBe(first[0])
})

test('a second start decodes nothing, from a cache of its own for each size', async () => {
  await putPictures('a/cat', 0, 5)
  await putPictures('a/dog', 100, 5)
  const decodedBy = async (options: ImageFolderOptions): Promise<[number, string]> => {
    let decoded = 0
    const data = await open('a', { ...options, onProgress: () => decoded++ })
    return [decoded, data.train.fingerprint]
  }
  const [first, fingerprint] = await decodedBy({})
  expect(first).toBe(10)
  expect(await decodedBy({})).toEqual([0, fingerprint])
  expect((await decodedBy({ imageSize: 9 }))[0]).toBe(10)
  expect(await decodedBy({ cache: false })).toEqual([10, fingerprint])
})

test('two at once on one cache come to the same', async () => {
  await putPictures('a/cat', 0, 8)
  await putPictures('a/dog', 100, 8)
  const both = await Promise.all([open('a'), open('a')])
  const third = await open('a')
  expect(both.map((data) => data.train.fingerprint)).toEqual([third.train.fingerprint, third.train.fingerprint])
})

test('broken files, pictures of two classes and classes without test images are told, once', async () => {
  await putPictures('a/cat', 0, 3)
  await putPictures('a/dog', 100, 3)
  await put('a/dog/0.png', await pictureOf(0, 10, 9).png().toBuffer())
  await put('a/cat/text.jpg', 'hello')
  await put('a/dog/half.png', (await pictureOf(7, 40, 40).png().toBuffer()).subarray(0, 900))
  const { notice, files } = await open('a', { testSplit: 0.0001, validationSplit: 0 })
  expect(lines).toEqual([notice])
  expect(notice).toBe(
    'Broken and left out (2 of 9): a/cat/text.jpg (neither JPEG, PNG, WebP nor GIF), a/dog/half.png ' +
      '(damaged or cut off (png)). The same picture in the folders of two classes (1): a/cat/0.png = a/dog/0.png. ' +
      'No test images of: cat, dog; more pictures or another seed help.',
  )
  expect(files?.broken.map(({ name }) => name).sort()).toEqual(['a/cat/text.jpg', 'a/dog/half.png'])
})

test('a class with nothing but broken pictures is refused, with an example', async () => {
  await putPictures('a/cat', 0, 3)
  await put('a/dog/x.jpg', 'hello')
  const refused = await open('a').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(DatasetError)
  expect(refused).toMatchObject({
    code: 'E_FORMAT',
    message:
      'class "dog": expected a picture that can be decoded, got only broken ones, as a/dog/x.jpg: neither JPEG, PNG, WebP nor GIF',
  })
})

test('too many classes and names too long are refused before anything is read', async () => {
  for (let n = 0; n < 257; n++) await put(`many/${n}/1.jpg`, '')
  await expect(open('many')).rejects.toThrow('expected at most 256 classes, got 257')
  await put(`long/${'x'.repeat(129)}/1.jpg`, '')
  await put('long/y/1.jpg', '')
  await expect(open('long')).rejects.toThrow('class names of at most 128 characters')
})

test('aborting ends it with the reason', async () => {
  await putPictures('a/cat', 0, 3)
  await putPictures('a/dog', 100, 3)
  await expect(open('a', { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
  const abort = new AbortController()
  const onProgress = (): void => abort.abort(new Error('amid'))
  await expect(open('a', { signal: abort.signal, onProgress })).rejects.toThrow('amid')
})
