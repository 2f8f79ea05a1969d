import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { changesBetween, contentsOf, type KnownImage } from './contents.ts'
import { loadContents, saveContents } from './contentsRecord.ts'

/** `cat/1=x`: the file 1 of class cat, with content x. */
const image = (text: string): KnownImage => {
  const [name = '', content = ''] = text.split('=')
  return { name: `pets/${name}`, className: name.split('/')[0] ?? '', sha256: content.repeat(64) }
}
const contents = (...images: string[]) => contentsOf(['cat', 'dog'], images.map(image))
const BEFORE = contents('cat/1=a', 'cat/2=b', 'dog/1=c')

test.each([
  ['nothing', ['cat/1=a', 'cat/2=b', 'dog/1=c'], [0, 0, 0]],
  ['other names and another order', ['dog/9=c', 'cat/7=b', 'cat/8=a'], [0, 0, 0]],
  ['names that were exchanged', ['cat/1=b', 'cat/2=a', 'dog/1=c'], [0, 0, 0]],
  ['a copy in the same class', ['cat/1=a', 'cat/2=b', 'dog/1=c', 'dog/2=c'], [0, 0, 0]],
  ['two more', ['cat/1=a', 'cat/2=b', 'dog/1=c', 'dog/2=d', 'cat/3=e'], [2, 0, 0]],
  ['one less', ['cat/1=a', 'dog/1=c'], [0, 0, 1]],
  ['another content under the same name', ['cat/1=d', 'cat/2=b', 'dog/1=c'], [0, 1, 0]],
  ['another class', ['cat/1=a', 'dog/2=b', 'dog/1=c'], [0, 1, 0]],
  ['a second class', ['cat/1=a', 'cat/2=b', 'dog/1=c', 'dog/2=a'], [1, 0, 0]],
  ['another class and another content in its place', ['cat/1=d', 'dog/2=a', 'cat/2=b', 'dog/1=c'], [1, 1, 0]],
  ['all others', ['cat/8=d', 'dog/9=e'], [2, 0, 3]],
])('%s: %j are %j new, changed and removed', (_, images, [added, changed, removed]) => {
  const now = contents(...images)
  expect(changesBetween(BEFORE, now)).toEqual({ added, changed, removed })
  expect(now.id === BEFORE.id).toBe(added === 0 && changed === 0 && removed === 0)
})

test('classes in another order, and one more without pictures of its own, are other contents', () => {
  const { images } = BEFORE
  const ids = [
    ['cat', 'dog'],
    ['dog', 'cat'],
    ['cat', 'dog', 'owl'],
  ].map((names) => contentsOf(names, images).id)
  expect(new Set(ids).size).toBe(3)
})

test('what was kept is found again; a damaged record, another’s, or none is nothing', async () => {
  const root = await mkdtemp(join(tmpdir(), 'contents-'))
  onTestFinished(() => rm(root, { recursive: true }))
  expect(await loadContents(root, BEFORE.id, 0)).toBeNull()
  await saveContents(join(root, 'new', 'folder'), BEFORE)
  expect(await loadContents(join(root, 'new', 'folder'), BEFORE.id, Date.now())).toEqual(BEFORE)
  await saveContents(root, BEFORE)
  const path = join(root, `${BEFORE.id}.json`)
  const text = await readFile(path, 'utf8')
  for (const bad of [
    '',
    'null',
    '{}',
    '[]',
    text.slice(0, -9),
    text.replace('a'.repeat(64), 'f'.repeat(64)),
    '{"classNames":[1],"images":[]}',
    '{"classNames":[],"images":[["x",0,"y"]]}',
  ]) {
    await writeFile(path, bad)
    expect(await loadContents(root, BEFORE.id, 0)).toBeNull()
  }
})

test('of many records those stay that were used last', async () => {
  const root = await mkdtemp(join(tmpdir(), 'contents-'))
  onTestFinished(() => rm(root, { recursive: true }))
  for (let day = 1; day <= 64; day++) {
    const path = join(root, `${day}.json`)
    await writeFile(path, '')
    await utimes(path, day, day)
  }
  await saveContents(root, BEFORE)
  const names = await readdir(root)
  expect(names.length).toBe(64)
  expect([names.includes('1.json'), names.includes('2.json'), names.includes(`${BEFORE.id}.json`)]).toEqual([
    false,
    true,
    true,
  ])
})
