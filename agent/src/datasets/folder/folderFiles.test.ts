import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DatasetError } from '../errors.ts'
import { listFolderFiles } from './folderFiles.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'folders-'))
})
afterEach(() => rm(root, { recursive: true }))

/** Makes files; a path that ends in "/" makes an empty folder. */
async function make(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(path.endsWith('/') ? join(root, path) : dirname(join(root, path)), { recursive: true })
    if (!path.endsWith('/')) await writeFile(join(root, path), '')
  }
}

const list = async (folders: readonly string[], keep?: readonly string[]) => {
  const { classNames, files } = await listFolderFiles(
    folders.map((folder) => join(root, folder)),
    keep,
  )
  return { classNames, files: files.map(({ name, className }) => `${className}: ${name}`) }
}

test('a class per folder, sorted; nested pictures count, hidden files and other kinds do not', async () => {
  await make('pets/dog/b.JPG', 'pets/dog/a.png', 'pets/cat/old/2019/c.jpeg', 'pets/cat/d.webp', 'pets/cat/e.gif')
  await make('pets/cat/.hidden.jpg', 'pets/cat/Thumbs.db', 'pets/cat/notes.txt', 'pets/.git/x/f.jpg', 'pets/readme.md')
  await make('pets/__MACOSX/cat/._d.webp', 'pets/outside.jpg', 'pets/dog/photo.heic')
  expect(await list(['pets'])).toEqual({
    classNames: ['cat', 'dog'],
    files: [
      'cat: pets/cat/d.webp',
      'cat: pets/cat/e.gif',
      'cat: pets/cat/old/2019/c.jpeg',
      'dog: pets/dog/a.png',
      'dog: pets/dog/b.JPG',
      'dog: pets/dog/photo.heic',
    ],
  })
})

test('folders of the same name join, in whatever spelling of their letters; a set of one’s own adds classes', async () => {
  await make('public/café/a.jpg', 'public/dog/b.jpg', 'own/café/c.jpg', 'own/rex/d.jpg')
  const { classNames, files } = await list(['public', 'own'])
  expect(classNames).toEqual(['café', 'dog', 'rex'])
  expect(files.filter((file) => file.startsWith('café'))).toHaveLength(2)
})

test('classes can be picked, and then have that order', async () => {
  await make('a/cat/1.jpg', 'a/dog/2.jpg', 'a/empty/')
  expect(await list(['a'], ['dog', 'cat'])).toEqual({
    classNames: ['dog', 'cat'],
    files: ['cat: a/cat/1.jpg', 'dog: a/dog/2.jpg'],
  })
})

test('links are followed, and a circle of links ends', async () => {
  await make('a/cat/1.jpg', 'else/2.jpg', 'else/below/3.jpg')
  await symlink(join(root, 'else'), join(root, 'a', 'dog'))
  await symlink(join(root, 'else'), join(root, 'else', 'below', 'again'))
  await symlink(join(root, 'nowhere'), join(root, 'a', 'cat', 'broken.jpg'))
  expect((await list(['a'])).files).toEqual(['cat: a/cat/1.jpg', 'dog: a/dog/2.jpg', 'dog: a/dog/below/3.jpg'])
})

test.each<[string, string[], string[], string[] | undefined, 'E_OPTION' | 'E_FORMAT', RegExp]>([
  ['a folder that is not there', [], ['none'], undefined, 'E_OPTION', /none: expected a folder, got nothing there$/],
  ['a file', ['a'], ['a'], undefined, 'E_OPTION', /a: expected a folder, got a file$/],
  ['no class', ['a/1.jpg'], ['a'], undefined, 'E_FORMAT', /expected a folder for each class, got none$/],
  ['one class', ['a/cat/1.jpg'], ['a'], undefined, 'E_FORMAT', /at least two classes, got only "cat"$/],
  [
    'an empty class',
    ['a/cat/1.jpg', 'a/dog/x.txt'],
    ['a'],
    undefined,
    'E_FORMAT',
    /pictures in the folder "dog", got none/,
  ],
  [
    'a class that is not there',
    ['a/cat/1.jpg', 'a/dog/2.jpg'],
    ['a'],
    ['cat', 'cow'],
    'E_OPTION',
    /"cow", got cat, dog$/,
  ],
  [
    'train and test',
    ['a/train/cat/1.jpg', 'a/Test/cat/2.jpg'],
    ['a'],
    undefined,
    'E_FORMAT',
    /given as a list: .*a\/Test, .*a\/train\)/,
  ],
])('refuses %s', async (_what, files, folders, keep, code, message) => {
  await make(...files)
  const refused = await list(folders, keep).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(DatasetError)
  expect(refused).toMatchObject({ code, message: expect.stringMatching(message) })
})
