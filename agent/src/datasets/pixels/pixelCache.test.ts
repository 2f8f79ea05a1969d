import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { allocatePixels } from '../images.ts'
import { type CacheSettings, keptKeys, loadPixels, savePixels } from './pixelCache.ts'

const SIZE = 2
const BYTES = SIZE * SIZE * 3
const NOW = Date.UTC(2026, 0, 1)
const keyOf = (name: string): string => createHash('sha256').update(name).digest('hex')

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pixels-'))
})
afterEach(() => rm(root, { recursive: true }))

const settings = (more: Partial<CacheSettings> = {}): CacheSettings => ({
  root,
  decoder: 'd1',
  imageSize: SIZE,
  maxBytes: 2 ** 30,
  ...more,
})
const imageOf = (name: string): number[] => [...createHash('sha512').update(name).digest()].slice(0, BYTES)
const save = (names: readonly string[], more: Partial<CacheSettings> = {}, nowMs = NOW): Promise<void> => {
  const images = names.map((name, n) => {
    return { key: keyOf(name), width: n + 1, height: 9, pixels: Uint8Array.from(imageOf(name)) }
  })
  return savePixels(settings(more), images, nowMs)
}
const load = async (names: readonly string[], more: Partial<CacheSettings> = {}, nowMs = NOW) => {
  const target = allocatePixels(names.length, SIZE)
  const sizes = await loadPixels(settings(more), names.map(keyOf), target, nowMs)
  return sizes.map((size, n) => size && [...target.subarray(n * BYTES, (n + 1) * BYTES)])
}
const packs = async (folder = join(root, 'd1', '2')): Promise<string[]> =>
  (await readdir(folder)).map((name) => join(folder, name))

test('what was saved is loaded, in any order, more than once, out of several packs; the rest is null', async () => {
  await save(['a', 'b', 'c'])
  await save(['d'])
  expect(await load(['d', 'b', 'x', 'c', 'b', 'a'])).toEqual([
    imageOf('d'),
    imageOf('b'),
    null,
    imageOf('c'),
    imageOf('b'),
    imageOf('a'),
  ])
  const sizes = await loadPixels(settings(), [keyOf('b')], allocatePixels(1, SIZE), NOW)
  expect(sizes).toEqual([{ width: 2, height: 9 }])
})

test('the keys of all packs are told, but of those whose head is damaged; what is not asked for is not loaded', async () => {
  expect(await keptKeys(settings())).toEqual(new Set())
  await save(['a', 'b'])
  await save(['c'])
  expect(await keptKeys(settings())).toEqual(new Set(['a', 'b', 'c'].map(keyOf)))
  expect(await keptKeys(settings({ decoder: 'd2' }))).toEqual(new Set())
  const target = allocatePixels(2, SIZE)
  expect(await loadPixels(settings(), [null, keyOf('c')], target, NOW)).toEqual([null, { width: 1, height: 9 }])
  expect([...target]).toEqual([...Array(BYTES).fill(0), ...imageOf('c')])
  for (const path of await packs()) {
    const bytes = await readFile(path)
    bytes[20] = (bytes[20] ?? 0) ^ 1
    await writeFile(path, bytes)
  }
  expect(await keptKeys(settings())).toEqual(new Set())
})

test('a pack is as its file says', async () => {
  await save(['a', 'b'])
  const [path = ''] = await packs()
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    return bytes
  }
  const row = (name: string, width: number): Buffer =>
    Buffer.concat([
      Buffer.from(keyOf(name), 'hex'),
      number(width),
      number(9),
      number(crc32(Uint8Array.from(imageOf(name)))),
    ])
  const head = Buffer.concat([Buffer.from('PAWPACK1'), number(2), number(SIZE), row('a', 1), row('b', 2)])
  const pixels = Buffer.from([...imageOf('a'), ...imageOf('b')])
  expect(await readFile(path)).toEqual(Buffer.concat([head, number(crc32(head)), pixels]))
})

test('another size or decoder has its own images', async () => {
  await save(['a'])
  expect(await load(['a'], { decoder: 'd2' })).toEqual([null])
  const other = await loadPixels(settings({ imageSize: 4 }), [keyOf('a')], allocatePixels(1, 4), NOW)
  expect(other).toEqual([null])
  expect(await load(['a'])).toEqual([imageOf('a')])
})

test('nothing is kept where there is no folder', async () => {
  expect(await load(['a'], { root: join(root, 'none') })).toEqual([null])
})

test.each([[0], [7], [15], [16], [40], [60], [107], [108], [115], [119]])(
  'a pack that was cut after %i bytes counts for nothing and is removed',
  async (length) => {
    await save(['a', 'b'])
    const [path = ''] = await packs()
    expect((await stat(path)).size).toBe(16 + 2 * 44 + 4 + 2 * BYTES)
    await truncate(path, length)
    expect(await load(['a', 'b'])).toEqual([null, null])
    expect(await packs()).toEqual([])
  },
)

test('a changed byte is found wherever it is; images in other packs do not suffer', async () => {
  await save(['a', 'b'])
  const [path = ''] = await packs()
  const bytes = await readFile(path)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] as number) ^ 0x10
    await writeFile(path, changed)
    const loaded = await load(['b'])
    // The first image's pixels are not read for the second.
    const isOther = at >= bytes.length - 2 * BYTES && at < bytes.length - BYTES
    expect(loaded).toEqual([isOther ? imageOf('b') : null])
  }
  await save(['b'])
  expect(await load(['b', 'a'])).toEqual([imageOf('b'), null])
})

test('a file that a process left unfinished counts for nothing, and is removed when it is old', async () => {
  await save(['a'])
  const [path = ''] = await packs()
  for (const [name, ageMs] of [
    ['young', 60_000],
    ['old', 3 * 60_000],
  ] as const) {
    const unfinished = join(root, 'd1', '2', `${name}.pack.tmp`)
    await writeFile(unfinished, await readFile(path))
    await utimes(unfinished, (NOW - ageMs) / 1000, (NOW - ageMs) / 1000)
  }
  await rm(path)
  expect(await load(['a'])).toEqual([null])
  await save(['b'])
  const left = await readdir(join(root, 'd1', '2'))
  expect(left.filter((name) => name.endsWith('.tmp'))).toEqual(['young.pack.tmp'])
})

test('beyond the bound the packs go that were not used for longest, of whatever size and decoder', async () => {
  const packBytes = 16 + 44 + 4 + BYTES
  const maxBytes = 3 * packBytes
  await save(['a'], { maxBytes, decoder: 'old' }, NOW)
  await save(['b'], { maxBytes }, NOW + 1000)
  await save(['c'], { maxBytes }, NOW + 2000)
  // Used now, so it is no longer the next to go.
  expect(await load(['a'], { decoder: 'old' }, NOW + 3000)).toEqual([imageOf('a')])
  await save(['d'], { maxBytes }, NOW + 4000)
  expect(await load(['b', 'c', 'd'])).toEqual([null, imageOf('c'), imageOf('d')])
  expect(await load(['a'], { decoder: 'old' })).toEqual([imageOf('a')])
})

test('many at once save and load without harm', async () => {
  const names = Array.from({ length: 40 }, (_, n) => `image ${n}`)
  await Promise.all(names.flatMap((name, n) => [save(names.slice(0, n + 1)), load([name])]))
  expect(await load(names)).toEqual(names.map(imageOf))
})

test('files of others in the folder are left alone', async () => {
  await mkdir(join(root, 'd1', '2'), { recursive: true })
  for (const path of ['d1/2/notes.txt', 'd1/.DS_Store', '.DS_Store']) await writeFile(join(root, path), 'mine')
  await save(['a'], { maxBytes: 0 })
  expect((await readdir(root, { recursive: true })).sort()).toEqual(
    ['.DS_Store', 'd1', 'd1/.DS_Store', 'd1/2', 'd1/2/notes.txt'].sort(),
  )
})
