import { readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { prefixer, readArguments } from './cli.ts'
import { notebookText, parseNotebook, readNotebook, writeAtomically } from './notebookFile.ts'
import { temporaryFolder } from './testing/run.ts'

const NOTEBOOK = {
  cells: [
    { cell_type: 'markdown', id: 'm', metadata: {}, source: '# Title' },
    {
      cell_type: 'code',
      id: 'a',
      metadata: { tags: ['x'] },
      source: ['const a = 1\n', 'a'],
      outputs: ['old'],
      execution_count: 7,
    },
    { cell_type: 'code', id: 'b', metadata: {}, source: '  \n', outputs: [], execution_count: null },
    { cell_type: 'code', id: 'c', metadata: {}, source: 'b', outputs: ['old'], execution_count: 8 },
  ],
  metadata: { kernelspec: { name: 'pawprint' } },
  nbformat: 4,
  nbformat_minor: 5,
}

test('code cells are counted from 1, empty ones left out', () => {
  expect(parseNotebook(JSON.stringify(NOTEBOOK), 'x').cells).toEqual([
    { index: 1, number: 1, source: 'const a = 1\na' },
    { index: 3, number: 2, source: 'b' },
  ])
})

test('saving replaces outputs and leaves all else as it was', () => {
  const notebook = parseNotebook(JSON.stringify(NOTEBOOK), 'x')
  const outputs = [{ output_type: 'stream', name: 'stdout', text: '1\n2' }] as const
  const saved = JSON.parse(notebookText(notebook, new Map([[1, { outputs, executionCount: 3 }]])))
  const [title, first, empty, last] = NOTEBOOK.cells
  const stream = { output_type: 'stream', name: 'stdout', text: ['1\n', '2'] }
  expect(saved).toEqual({
    ...NOTEBOOK,
    cells: [
      title,
      { ...first, outputs: [stream], execution_count: 3 },
      empty,
      { ...last, outputs: [], execution_count: null },
    ],
  })
})

test.each([['{'], ['[]'], ['{"nbformat":3,"cells":[]}'], ['{"nbformat":4}'], ['null']])('%j is no notebook', (text) => {
  expect(() => parseNotebook(text, 'file.ipynb')).toThrow(/^file\.ipynb: expected/)
})

test('writing replaces a file and leaves nothing beside it, also when it fails', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'a.ipynb')
  await writeFile(file, 'old')
  await writeAtomically(file, 'new')
  expect(await readFile(file, 'utf8')).toBe('new')
  await expect(writeAtomically(folder, 'a folder is no file')).rejects.toThrow()
  await expect(writeAtomically(join(folder, 'missing', 'a'), 'x')).rejects.toThrow()
  expect(await readdir(folder)).toEqual(['a.ipynb'])
})

test('the command line', () => {
  expect(readArguments(['a/b.ipynb', '--timeout', '2.5', '--out', 'c.ipynb', '--prefix', '> '])).toEqual({
    file: resolve('a/b.ipynb'),
    out: resolve('c.ipynb'),
    timeoutMs: 2500,
    serve: false,
    cwd: resolve('a'),
    prefix: '> ',
  })
  expect(readArguments(['--help'])).toBeNull()
})

test.each([[[]], [['a', 'b']], [['a', '--timeout', 'soon']], [['a', '--timeout', '0']], [['a', '--fly']]])(
  '%j is refused',
  (args) => {
    expect(() => readArguments(args)).toThrow()
  },
)

test('a prefix stands once before each line, however the text is cut', () => {
  let written = ''
  const write = prefixer('> ', (text) => {
    written += text
  })
  for (const piece of ['a', 'b\nc', '\n', '', '\nd\n']) write(piece)
  expect(written).toBe('> ab\n> c\n> \n> d\n')
})

test('a missing file, a folder and a broken file are named once, with what is wrong', async () => {
  const folder = await temporaryFolder()
  const broken = join(folder, 'broken.ipynb')
  await writeFile(broken, '{ "cells": [')
  const missing = join(folder, 'missing.ipynb')
  await expect(readNotebook(missing)).rejects.toThrow(`${missing}: there is no such file`)
  await expect(readNotebook(folder)).rejects.toThrow(`${folder}: it cannot be read: `)
  await expect(readNotebook(broken)).rejects.toThrow(`${broken}: expected JSON, `)
})

test('a folder to run in that is not there is refused before anything starts', () => {
  expect(() => readArguments(['a.ipynb', '--cwd', join(tmpdir(), 'pawprint-is-not-here')])).toThrow(/--cwd/)
})
