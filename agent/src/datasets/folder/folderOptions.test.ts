import { expect, test } from 'vitest'
import { DatasetError } from '../errors.ts'
import { resolveImageFolderOptions, taskNameOf } from './folderOptions.ts'

test('all has a default but the folder', () => {
  expect(resolveImageFolderOptions('My Pets', {}, '/home/ada')).toEqual({
    folders: ['/home/ada/My Pets'],
    imageSize: 32,
    validationSplit: 0.1,
    testSplit: 0.2,
    seed: 0,
    cache: true,
    name: 'my-pets',
  })
})

test('what is given counts', () => {
  const { signal } = new AbortController()
  const given = { imageSize: 64, validationSplit: 0, testSplit: 0.5, seed: 9, cache: false, name: 'x', signal }
  const classes = [' dog', 'cat']
  expect(resolveImageFolderOptions(['/a', 'b/'], { ...given, classes }, '/c')).toEqual({
    ...given,
    folders: ['/a', '/c/b'],
    classes: ['dog', 'cat'],
  })
})

test.each([
  ['Pets 2026', 'pets-2026'],
  ['Größe & Höhe', 'gro-e-hohe'],
  ['__x__', 'x'],
  ['写真', ''],
  ['a'.repeat(80), 'a'.repeat(64)],
  [`${'a'.repeat(63)} b`, 'a'.repeat(63)],
])('the folder %j makes the task "%s"', (folder, name) => {
  expect(taskNameOf(folder)).toBe(name)
})

test('a folder without a letter makes the task "images"', () => {
  expect(resolveImageFolderOptions('/写真', {}, '/').name).toBe('images')
})

test.each<[unknown, unknown, string]>([
  [undefined, {}, 'directory: expected the path of a folder, or a list of such, got undefined'],
  ['', {}, 'directory: expected the path of a folder, or a list of such, got ""'],
  [[], {}, 'directory: expected the path of a folder, or a list of such, got []'],
  [[1], {}, 'directory: expected the path of a folder, or a list of such, got 1'],
  [['a', '/a/'], {}, 'directory: expected each folder once, got "/a"'],
  ['a', null, 'expected an object with options, got null'],
  ['a', { size: 3 }, 'expected options among '],
  ['a', { imageSize: 7 }, 'imageSize: expected an integer from 8 to 256, got 7'],
  ['a', { testSplit: 1 }, 'testSplit: expected a number from 0 to below 1, got 1'],
  ['a', { testSplit: '0.1' }, 'testSplit: expected a number from 0 to below 1, got "0.1"'],
  ['a', { validationSplit: Number.NaN }, 'validationSplit: expected a number from 0 to below 1, got NaN'],
  ['a', { seed: -1 }, 'seed: expected an integer from 0 to 4294967295, got -1'],
  ['a', { cache: 'no' }, 'cache: expected true or false, got "no"'],
  ['a', { name: 'My Pets' }, 'name: expected lower-case letters, digits and "-", at most 64, got "My Pets"'],
  ['a', { classes: 'cat' }, 'classes: expected a list of names, got "cat"'],
  ['a', { classes: ['cat'] }, 'classes: expected 2 to 256 different names, got ["cat"]'],
  ['a', { classes: ['cat', 'cat '] }, 'classes: expected 2 to 256 different names, got ["cat","cat "]'],
  ['a', { classes: ['cat', 4] }, 'classes: expected names, got 4'],
  ['a', { onProgress: 1 }, 'onProgress: expected a function, got 1'],
  ['a', { log: 'x' }, 'log: expected a function, got "x"'],
  ['a', { signal: {} }, 'signal: expected an AbortSignal, got {}'],
])('refuses %j with %j', (directory, options, message) => {
  const work = (): unknown => resolveImageFolderOptions(directory, options, '/')
  expect(work).toThrow(DatasetError)
  expect(work).toThrow(message)
})
