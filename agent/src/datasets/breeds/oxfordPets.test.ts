import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { drawnPets } from '../drawn/drawnPets.ts'
import { datasets } from '../index.ts'
import { sendFile, startTestServer } from '../testing/testData.ts'
import { annotation, factsOf, type MadePets, makePets, petArchives, putFiles } from '../testing/testPets.ts'
import { raw } from '../testing/testPictures.ts'
import type { Dataset, OxfordPetsOptions } from '../types.ts'
import { oxfordPets } from './oxfordPets.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-pets-'))
})
afterEach(() => rm(folder, { recursive: true }))

const NOBODY = 'http://127.0.0.1:1/pets'
const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
const NAMES = ['Abyssinian', 'American Bulldog', 'Bengal']

/** Loads at 12 × 12 in a made-up home, where only what the test put there can be found, and nobody answers unless it says so. */
function load(options: OxfordPetsOptions = {}, env: Record<string, string> = {}): Promise<Dataset> {
  const around = { argv: [], env, platform: 'linux', home: join(folder, 'home'), currentFolder: folder }
  return oxfordPets({ url: NOBODY, imageSize: 12, log: () => undefined, ...options }, around)
}

const put = async (changes: Partial<MadePets> = {}): Promise<void> => {
  const made = await makePets()
  const images = { ...made.images, ...changes.images }
  await putFiles(
    join(folder, 'datasets'),
    petArchives({ images, annotations: { ...made.annotations, ...changes.annotations } }),
  )
}

/** Every photograph's breed in the order of the classes must be its label. */
function expectRightLabels(dataset: Dataset, classIds: readonly number[]): void {
  for (const part of ['train', 'validation', 'test'] as const)
    for (const [breed, , label] of factsOf(dataset[part])) expect(classIds[label as number]).toBe(breed)
}

test('the two archives become three sets by the official lists, every image under its breed', async () => {
  await put()
  const dataset = await load({ validationSplit: 0.2 })
  const { train, validation, test, task, source, preprocessing } = dataset
  expect(task).toEqual({
    name: 'pet-breeds',
    classNames: NAMES,
    metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 },
  })
  expect([train, validation, test].map(({ labels }) => [...labels].sort())).toEqual([
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
    [0, 1, 2],
    [0, 0, 1, 1, 2, 2],
  ])
  expectRightLabels(dataset, [1, 2, 6])
  // In the order of the list, not of the archive.
  expect(factsOf(test).map(([breed, number]) => [breed, number])).toEqual([
    [1, 6],
    [1, 7],
    [2, 6],
    [2, 7],
    [6, 6],
    [6, 7],
  ])
  const both = [...factsOf(train), ...factsOf(validation)].map(([breed, number]) => `${breed}: ${number}`)
  expect(both.sort()).toEqual([1, 2, 6].flatMap((breed) => [1, 2, 3, 4, 5].map((number) => `${breed}: ${number}`)))
  expect(source).toBe(join(folder, 'datasets'))
  expect(preprocessing).toEqual({ imageSize: 12, fit: 'fill', kernel: 'lanczos3' })
  expect(train.images.buffer).toBeInstanceOf(SharedArrayBuffer)
})

test('the archives, with or without compression, and the unpacked folders give the same sets', async () => {
  const made = await makePets()
  const archives = petArchives(made)
  await putFiles(join(folder, 'packed', 'oxford-iiit-pet'), archives)
  await putFiles(join(folder, 'mixed'), { 'images.tar.gz': archives['images.tar.gz'] as Buffer, ...made.annotations })
  await putFiles(join(folder, 'unpacked'), { ...made.images, ...made.annotations })
  const [first, ...others] = [
    await load({ directory: join(folder, 'packed') }),
    await load({ directory: join(folder, 'mixed') }),
    await load({}, { PAWPRINT_DATASETS: 'unpacked' }),
    await load({ directory: join(folder, 'unpacked', 'images') }),
  ]
  for (const part of ['train', 'validation', 'test'] as const)
    for (const other of others) expect(other[part].fingerprint).toBe(first?.[part].fingerprint)
})

test('fewer images than the official ones are fine, and said', async () => {
  await put()
  const lines: string[] = []
  const { notice } = await load({ log: (line) => lines.push(line) })
  expect(notice).toBe(
    `${join(folder, 'datasets')} lists 15 training and 6 test images; the official Oxford-IIIT Pet has 3,680 training and 3,669 test images.`,
  )
  expect(lines).toEqual([notice])
})

test('what the official archive is known for does not stop it: other formats, damaged and missing files, strangers', async () => {
  const gif = await raw(new Uint8Array(12 * 12 * 3).fill(6), 12, 12)
    .gif()
    .toBuffer()
  const png = (await makePets()).images['images/Bengal_2.jpg'] as Uint8Array
  await put({
    images: {
      'images/Abyssinian_1.jpg': gif,
      'images/Bengal_2.jpg': png.subarray(0, 60),
      'images/Bengal_3.jpg': new Uint8Array(0),
      'images/american_bulldog_7.jpg': null,
      'images/Abyssinian_999.jpg': gif,
      'images/notes.txt': Buffer.from('not a picture'),
      'elsewhere/Abyssinian_2.jpg': gif,
    },
  })
  const dataset = await load({ validationSplit: 0 })
  const { train, validation, test, notice } = dataset
  expect([train, validation, test].map(({ labels }) => labels.length)).toEqual([13, 0, 5])
  expect(train.images).toHaveLength(13 * 12 * 12 * 3)
  expectRightLabels(dataset, [1, 2, 6])
  const { files } = dataset
  expect(files?.test.map(({ name }) => name)).toEqual([
    'Abyssinian_6.jpg',
    'Abyssinian_7.jpg',
    'american_bulldog_6.jpg',
    'Bengal_6.jpg',
    'Bengal_7.jpg',
  ])
  expect(files?.broken.map(({ name }) => name).sort()).toEqual(['Bengal_2.jpg', 'Bengal_3.jpg'])
  expect(notice).toContain(' 1 listed image not there (american_bulldog_7.jpg).')
  expect(notice).toMatch(/ 2 images not readable \(Bengal_2\.jpg: .+, Bengal_3\.jpg: the file is empty\)\.$/)
})

test('a breed without a single image is no class', async () => {
  const gone = [1, 2, 3, 4, 5, 6, 7].map((number) => [`images/Abyssinian_${number}.jpg`, null])
  await put({ images: Object.fromEntries(gone) })
  const dataset = await load()
  expect(dataset.task.classNames).toEqual(['American Bulldog', 'Bengal'])
  expect(dataset.notice).toContain(
    '7 listed images not there (Abyssinian_1.jpg, Abyssinian_2.jpg, Abyssinian_3.jpg …).',
  )
  expectRightLabels(dataset, [2, 6])
})

test('cats alone are a task of their own', async () => {
  await put()
  const dataset = await load({ species: 'cat' })
  expect(dataset.task).toMatchObject({ name: 'pet-breeds-cats', classNames: ['Abyssinian', 'Bengal'] })
  expect(dataset.test.labels).toHaveLength(4)
  expectRightLabels(dataset, [1, 6])
})

test('cropped: the boxes alone, a fifth of them for testing, whatever the seed', async () => {
  await put({ annotations: { 'annotations/xmls/Bengal_2.xml': null, 'annotations/xmls/Bengal_3.xml': annotation() } })
  const [one, two] = [await load({ input: 'cropped', seed: 1 }), await load({ input: 'cropped', seed: 2 })]
  for (const { train, validation, test } of [one, two]) {
    // Of 13 images with a box three are held out, one of each breed; of the other ten one.
    expect([train, validation, test].map(({ labels }) => labels.length)).toEqual([9, 1, 3])
    for (const part of [train, validation, test])
      for (const [, number, , blue] of factsOf(part)) {
        expect(blue).toBe(200)
        expect(number).toBeLessThanOrEqual(5)
      }
  }
  expectRightLabels(one, [1, 2, 6])
  expect(one.test.fingerprint).toBe(two.test.fingerprint)
  const both = [one.train, one.validation, one.test].flatMap((part) => factsOf(part).map(String))
  expect(new Set(both).size).toBe(13)
  expect(one.preprocessing).toEqual({ imageSize: 12, fit: 'fill', kernel: 'lanczos3', input: 'cropped' })
  expect(one.train.preprocessing).toEqual(one.preprocessing)
  expect(one.notice).toMatch(
    / 2 images left out, for want of a box\. Of the images with a box, 20 % are for testing\.$/,
  )
})

test('cropped: every pixel is the square that the box surrounds', async () => {
  await put()
  const { test } = await load({ input: 'cropped' })
  const [red, green, blue] = test.images
  expect(test.images.subarray(0, 12 * 12 * 3)).toEqual(
    Uint8Array.from({ length: 12 * 12 * 3 }, (_, at) => [red, green, blue][at % 3] as number),
  )
})

test.each([
  [{ 'annotations/test.txt': null }, 'expected trainval.txt, test.txt in annotations/, got no test.txt'],
  [
    { 'annotations/test.txt': Buffer.from('Abyssinian_6 1 1\n') },
    'test.txt, line 1: expected a name and three numbers',
  ],
  [{ 'annotations/test.txt': Buffer.from('Sphynx_6 37 1 1\n') }, 'expected photographs to test with, got none'],
  [
    {
      'annotations/trainval.txt': Buffer.from('Bengal_1 6 1 1\n'),
      'annotations/test.txt': Buffer.from('Bengal_6 6 1 1\n'),
    },
    'expected photographs of two breeds or more, got 1',
  ],
])('lists that are wrong are an error with its place, not a reason to draw (%#)', async (annotations, message) => {
  await put({ annotations })
  await expect(load()).rejects.toThrow(message)
})

test('an archive cut short is an error with its place', async () => {
  const archives = petArchives(await makePets())
  const images = archives['images.tar.gz'] as Buffer
  await putFiles(join(folder, 'datasets'), { ...archives, 'images.tar.gz': images.subarray(0, images.length / 2) })
  await expect(load()).rejects.toThrow(/images\.tar\.gz: expected a complete gzip file, got one that ends too early/)
  const tar = gunzipSync(images).subarray(0, 2060)
  await putFiles(join(folder, 'datasets'), { ...archives, 'images.tar.gz': gzipSync(tar) })
  await expect(load()).rejects.toThrow(/images\.tar\.gz.*: expected \d+ bytes, got the end of the archive after/)
})

test('downloads what is not in the cache yet, and finds all of it there the next time', async () => {
  const archives = petArchives(await makePets())
  const asked: string[] = []
  const server = await startTestServer((request, response) => {
    const name = request.url?.split('/').at(-1) ?? ''
    asked.push(name)
    sendFile(request, response, archives[name] as Buffer)
  })
  const cache = join(folder, 'home', '.cache', 'pawprint', 'datasets', 'oxford-iiit-pet')
  await putFiles(cache, { 'images.tar.gz': archives['images.tar.gz'] as Buffer })
  const url = new URL('/mirror/', server.url).href
  const md5 = { 'annotations.tar.gz': md5Of(archives['annotations.tar.gz'] as Buffer) }
  const fetched = await load({ url, md5, onProgress: () => undefined })
  const cached = await load()
  await server.close()
  expect(asked).toEqual(['annotations.tar.gz'])
  expect(await readdir(cache)).toEqual(['annotations.tar.gz', 'images.tar.gz'])
  expect(fetched.source).toBe(`${cache}, downloaded from ${url}images.tar.gz and ${url}annotations.tar.gz`)
  expect(cached.source).toBe(cache)
  expect(cached.test.fingerprint).toBe(fetched.test.fingerprint)
})

test('an archive that is not the official one is not kept; the address may come from the environment', async () => {
  const archives = petArchives(await makePets())
  const server = await startTestServer((request, response) =>
    sendFile(request, response, archives[request.url?.split('/').at(-1) ?? ''] as Buffer),
  )
  const env = { PAWPRINT_OXFORD_PETS_URL: new URL('/mirror', server.url).href }
  const around = { argv: [], env, platform: 'linux', home: join(folder, 'home'), currentFolder: folder }
  const quiet = { log: () => undefined, onProgress: () => undefined }
  const { task, notice } = await oxfordPets({ imageSize: 8, ...quiet }, around)
  await server.close()
  expect(task.name).toBe('drawn-pets')
  expect(notice).toContain(`(one with MD5 ${md5Of(archives['images.tar.gz'] as Buffer)})`)
  expect(await readdir(join(folder, 'home', '.cache', 'pawprint', 'datasets', 'oxford-iiit-pet'))).toEqual([])
})

test('without a network one plain line says so, and drawn pets take its place, of the species and input asked for', async () => {
  const lines: string[] = []
  const { task, notice, train } = await load({ species: 'dog', input: 'cropped', log: (line) => lines.push(line) })
  expect(lines).toEqual([notice])
  expect(notice).toBe(
    'Oxford-IIIT Pet was not found and could not be downloaded (no network: ECONNREFUSED). Using the built-in set ' +
      '"drawn-dogs". To use Oxford-IIIT Pet, put images.tar.gz and annotations.tar.gz from ' +
      `https://www.robots.ox.ac.uk/~vgg/data/pets/ into ./datasets/oxford-iiit-pet (${join(folder, 'datasets', 'oxford-iiit-pet')}).`,
  )
  const drawn = await drawnPets({ species: 'dog', input: 'cropped', imageSize: 12 })
  expect(task).toEqual(drawn.task)
  expect(train.fingerprint).toBe(drawn.train.fingerprint)
})

test('aborting rejects with its reason', async () => {
  await put()
  await expect(load({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})

test.each([
  [{ species: 'bird' }, 'datasets.oxfordPets: species: expected "both" or "cat" or "dog", got "bird"'],
  [{ input: true }, 'datasets.oxfordPets: input: expected "uncropped" or "cropped", got true'],
  [{ imageSize: 7 }, 'datasets.oxfordPets: imageSize: expected an integer from 8 to 256, got 7'],
  [{ md5: 'abc' }, 'datasets.oxfordPets: md5: expected an object with options, got "abc"'],
  [{ md5: { 'images.tar.gz': 'abc' } }, 'datasets.oxfordPets: md5: images.tar.gz: expected 32 hex digits, got "abc"'],
  [{ md5: { images: 'abc' } }, 'datasets.oxfordPets: md5: expected options among images.tar.gz, annotations.tar.gz'],
  [{ url: 'ftp://x' }, 'datasets.oxfordPets: url: expected an http or https address, got "ftp://x"'],
  [{ breeds: 3 }, 'datasets.oxfordPets: expected options among imageSize, validationSplit, seed, input, species, url'],
])('refuses %j', async (options, message) => {
  await expect(datasets.oxfordPets(options as OxfordPetsOptions)).rejects.toThrow(message)
})

// Counts as published with the small set: 13 breeds, each with 40 images for training and 20 for testing.
test.skipIf(!process.env.PAWPRINT_DATASETS)('the small real set loads, class by class, and by its boxes', async () => {
  const directory = process.env.PAWPRINT_DATASETS as string
  const whole = await load({ directory, imageSize: 16 })
  const cropped = await load({ directory, imageSize: 16, input: 'cropped' })
  expect(whole.task.classNames).toHaveLength(13)
  const counts = ({ train, validation, test }: Dataset): number[][] =>
    [train, validation, test].map(({ labels }) =>
      whole.task.classNames.map((_, label) => labels.filter((other) => other === label).length),
    )
  expect(counts(whole)).toEqual([Array(13).fill(36), Array(13).fill(4), Array(13).fill(20)])
  const [train, validation, test] = counts(cropped)
  expect(test).toEqual(Array(13).fill(8))
  expect(train?.map((count, label) => count + (validation?.[label] ?? 0))).toEqual(Array(13).fill(32))
})
