import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeTar } from '../testing/testData.ts'
import { putFiles } from '../testing/testPets.ts'
import { locate } from './locate.ts'
import { filesOf, type Part, type Place, readFiles } from './parts.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-parts-'))
})
afterEach(() => rm(folder, { recursive: true }))

const IMAGES: Part = { archive: 'images.tar', folder: 'images', files: [] }
const LISTS: Part = { archive: 'lists.tar', folder: '', files: ['a.txt', 'b.txt'] }
const wanted = (part: Part, ...names: string[]) => ({ part, names: new Set(names), maxBytes: 100 })
const textsOf = (files: ReadonlyMap<string, Uint8Array>): Record<string, string> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]))

async function putTar(
  name: string,
  entries: Readonly<Record<string, string>>,
  pack = (tar: Buffer) => tar,
): Promise<Place> {
  const tar = makeTar(Object.entries(entries).map(([path, text]) => ({ name: path, bytes: Buffer.from(text) })))
  await writeFile(join(folder, name), pack(tar))
  return { type: 'archive', path: join(folder, name) }
}

const ENTRIES = { 'x/images/a.jpg': 'A', './images/c/d.jpg': 'D', 'images/._a.jpg': 'mac', 'a.jpg': 'outside' }

test.each([
  ['as it is', 'images.tar', (tar: Buffer) => tar],
  ['compressed', 'images.tar.gz', gzipSync],
  ['compressed, though its name does not say so', 'images.tar', gzipSync],
])('an archive %s gives the wanted files below its folder, wherever that lies', async (_, name, pack) => {
  const place = await putTar(name, ENTRIES, pack)
  const files = await readFiles(place, wanted(IMAGES, 'a.jpg', 'c/d.jpg', 'e.jpg'))
  expect(textsOf(files)).toEqual({ 'a.jpg': 'A', 'c/d.jpg': 'D' })
})

test('files without a folder are found by their names alone', async () => {
  const place = await putTar('lists.tar', { './a.txt': 'A', 'b.txt': 'B', '._b.txt': 'mac' })
  expect(textsOf(await readFiles(place, wanted(LISTS, 'a.txt', 'b.txt')))).toEqual({ 'a.txt': 'A', 'b.txt': 'B' })
})

test('of two files with one name the first counts', async () => {
  const place = await putTar('images.tar', { 'images/a.jpg': 'first', 'again/images/a.jpg': 'second' })
  expect(textsOf(await readFiles(place, wanted(IMAGES, 'a.jpg')))).toEqual({ 'a.jpg': 'first' })
})

test('an unpacked folder gives those that are there, and takes no folder for a file', async () => {
  await putFiles(folder, { 'images/a.jpg': Buffer.from('A') })
  await mkdir(join(folder, 'images', 'b.jpg'))
  const place: Place = { type: 'folder', path: join(folder, 'images') }
  expect(textsOf(await readFiles(place, wanted(IMAGES, 'a.jpg', 'b.jpg', 'a.jpg/c.jpg')))).toEqual({ 'a.jpg': 'A' })
})

test('files come one after the other: those before a damage are there already', async () => {
  const tar = makeTar(['a', 'b', 'c'].map((name) => ({ name: `images/${name}`, bytes: Buffer.alloc(90) })))
  await writeFile(join(folder, 'images.tar'), tar.subarray(0, 2 * 1024 + 512 + 40))
  const names: string[] = []
  const read = async (): Promise<void> => {
    for await (const { name } of filesOf(
      { type: 'archive', path: join(folder, 'images.tar') },
      wanted(IMAGES, 'a', 'b', 'c'),
    ))
      names.push(name)
  }
  await expect(read()).rejects.toThrow('images.tar, images/c: expected 90 bytes, got the end of the archive after 40')
  expect(names).toEqual(['a', 'b'])
})

test('a file above the limit is refused, packed or not', async () => {
  const long = 'x'.repeat(101)
  const packed = await putTar('images.tar', { 'images/a.jpg': long })
  await putFiles(folder, { 'images/a.jpg': Buffer.from(long) })
  for (const place of [packed, { type: 'folder', path: join(folder, 'images') } as const])
    await expect(readFiles(place, wanted(IMAGES, 'a.jpg'))).rejects.toThrow(
      /a\.jpg: expected at most 100 bytes, got 101/,
    )
})

test('a folder of the right name with none of its files is another set; with some of them it is this one, incomplete', async () => {
  const lists: Part = { archive: 'annotations.tar', folder: 'annotations', files: ['a.txt', 'b.txt'] }
  await putFiles(folder, { 'images/x.jpg': Buffer.alloc(0), 'annotations/instances.json': Buffer.alloc(0) })
  expect(await locate([IMAGES, lists], [folder])).toBeNull()
  await putFiles(folder, { 'annotations/b.txt': Buffer.alloc(0) })
  expect(await locate([IMAGES, lists], [folder])).toEqual([
    { type: 'folder', path: join(folder, 'images') },
    { type: 'folder', path: join(folder, 'annotations') },
  ])
})

test('a set of several parts is found where all of them are, packed or not', async () => {
  await putFiles(folder, {
    'one/images.tar': Buffer.alloc(0),
    'two/images.tar': Buffer.alloc(0),
    'two/a.txt': Buffer.alloc(0),
    'three/deep/images/x.jpg': Buffer.alloc(0),
    'three/deep/a.txt': Buffer.alloc(0),
    'three/deep/b.txt': Buffer.alloc(0),
  })
  const deep = join(folder, 'three', 'deep')
  const places = [
    { type: 'folder', path: join(deep, 'images') },
    { type: 'folder', path: join(deep) },
  ]
  expect(await locate([IMAGES, LISTS], [folder])).toEqual(places)
  expect(await locate([IMAGES, LISTS], [join(deep, 'images')])).toEqual(places)
  expect(await locate([IMAGES, LISTS], [join(folder, 'one'), join(folder, 'two')])).toBeNull()
  await putFiles(folder, { 'two/lists.tar': Buffer.alloc(0) })
  expect(await locate([IMAGES, LISTS], [join(folder, 'two')])).toEqual([
    { type: 'archive', path: join(folder, 'two', 'images.tar') },
    { type: 'archive', path: join(folder, 'two', 'lists.tar') },
  ])
})
