// Real folders, and real events of the system.
import { cp, mkdir, mkdtemp, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { picture, surroundingsIn } from '../testing/testFolder.ts'
import { imageFolder } from './imageFolder.ts'
import type { FolderState, FolderWatch } from './watchFolders.ts'

const TIMES = { settleMs: 20, lookAnywayMs: 600_000 }

async function begin(times = TIMES) {
  const root = await mkdtemp(join(tmpdir(), 'watched-'))
  const at = (path: string): string => join(root, 'pets', path)
  const put = async (path: string, content: Uint8Array): Promise<void> => writeFile(at(path), content)
  for (const [label, className] of ['cat', 'dog'].entries()) {
    await mkdir(at(className), { recursive: true })
    for (let n = 0; n < 5; n++) await put(`${className}/${n}.png`, picture(100 * label + n))
  }
  const data = await imageFolder('pets', { imageSize: 8, log: () => {} }, surroundingsIn(root))
  const states: FolderState[] = []
  const told: string[] = []
  let heard = (): void => {}
  const watch: FolderWatch | undefined = data.folder?.watch(
    (state) => {
      states.push(state)
      heard()
    },
    (text) => told.push(text),
    times,
  )
  onTestFinished(async () => {
    await watch?.close()
    await rm(root, { recursive: true })
  })
  /** The next thing that it says that fits; what it said before is over. */
  const next = async (fits: (state: FolderState) => boolean = () => true): Promise<FolderState> => {
    for (;;) {
      const found = states.splice(0).find(fits)
      if (found) return found
      await new Promise<void>((resolve) => {
        heard = resolve
      })
    }
  }
  const first = await next()
  return { root, at, put, data, first, next, told, watch }
}
const counts = (state: FolderState): unknown =>
  state.type === 'found' ? [state.contents.images.length, state.leftOut, state.contents.classNames] : state.message
const has =
  (images: number, leftOut = 0) =>
  (state: FolderState): boolean =>
    state.type === 'found' && state.contents.images.length === images && state.leftOut === leftOut

test('first it says what the data set has; then what comes, goes, moves and changes, also in folders below', async () => {
  const { at, put, data, first, next } = await begin()
  expect(counts(first)).toEqual([10, 0, ['cat', 'dog']])
  expect(first.type === 'found' && first.contents.id).toBe(data.folder?.contents.id)
  await put('cat/new.png', picture(7))
  expect(counts(await next())).toEqual([11, 0, ['cat', 'dog']])
  await mkdir(at('dog/deep/deeper'), { recursive: true })
  await put('dog/deep/deeper/new.png', picture(8))
  await next(has(12))
  await rename(at('dog/0.png'), at('cat/moved.png'))
  const moved = await next()
  expect(counts(moved)).toEqual([12, 0, ['cat', 'dog']])
  await put('cat/moved.png', picture(9))
  const changed = await next()
  expect([moved, changed].map((state) => state.type === 'found' && state.contents.id)).not.toContain(
    data.folder?.contents.id,
  )
  await rm(at('dog/deep'), { recursive: true })
  await next(has(11))
})

test('a file that was touched, renamed or copied within its class is no other content', async () => {
  const { at, put, data, next } = await begin()
  await utimes(at('cat/0.png'), 1, 1)
  await rename(at('cat/1.png'), at('cat/renamed.png'))
  await cp(at('dog/2.png'), at('dog/copy.png'))
  const state = await next(has(11))
  expect(state.type === 'found' && state.contents.id).toBe(data.folder?.contents.id)
  await put('cat/new.png', picture(7))
  const after = await next(has(12))
  expect(after.type === 'found' && after.contents.id).not.toBe(data.folder?.contents.id)
})

test('hundreds of files at once are few changes, and the set that is then read anew has them all', async () => {
  const { put, data, next } = await begin()
  await Promise.all(Array.from({ length: 150 }, (_, n) => put(`cat/many-${n}.png`, picture(1000 + n))))
  const states: FolderState[] = []
  const last = async (): Promise<FolderState> => {
    const state = await next()
    states.push(state)
    return has(160)(state) ? state : last()
  }
  const found = await last()
  expect(states.length).toBeLessThan(15)
  const again = await data.folder?.reload()
  const sizes = [again?.train, again?.validation, again?.test].map((set) => set?.labels.length ?? 0)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(160)
  expect(found.type === 'found' && found.contents.id).toBe(again?.folder?.contents.id)
})

test('a class folder that appears is a problem while it is empty, then a class', async () => {
  const { at, put, next } = await begin()
  await mkdir(at('owl'))
  expect(counts(await next())).toMatch(/pictures in the folder "owl", got none/)
  await put('owl/1.png', picture(5))
  expect(counts(await next())).toEqual([11, 0, ['cat', 'dog', 'owl']])
})

test('broken and empty files are left out and counted; mended, they are there', async () => {
  const { put, next } = await begin()
  await put('cat/broken.png', picture(7).subarray(0, 40))
  await put('cat/empty.jpg', Uint8Array.of())
  expect(counts(await next(has(10, 2)))).toEqual([10, 2, ['cat', 'dog']])
  await put('cat/broken.png', picture(7))
  await next(has(11, 1))
})

test('a file that is too large to be read is left out, and is there once it is not', async () => {
  const { at, put, next } = await begin()
  await truncate(at('cat/0.png'), MAX_IMAGE_BYTES + 1)
  await next(has(9, 1))
  await put('cat/0.png', picture(0))
  await next(has(10))
})

test('a folder that is deleted is a problem; made again, it is watched again', async () => {
  const { root, at, put, next, told } = await begin({ ...TIMES, lookAnywayMs: 30 })
  await rename(at(''), join(root, 'away'))
  expect(counts(await next())).toMatch(/pets: expected a folder, got nothing there/)
  await rename(join(root, 'away'), at(''))
  await next(has(10))
  await put('dog/new.png', picture(7))
  await next(has(11))
  expect(told).toEqual([])
})

test('after it was closed it says nothing more', async () => {
  const { watch, put, root } = await begin()
  await watch?.close()
  await put('cat/new.png', picture(7))
  await cp(join(root, 'pets'), join(root, 'copy'), { recursive: true })
  await watch?.close()
})
