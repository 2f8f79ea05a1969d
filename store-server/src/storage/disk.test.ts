import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createDisk } from './disk.ts'

test('two who replace one file at a time both succeed, and the one that came last wins', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pawprint-disk-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const disk = createDisk(root)
  // A find that meets a blob without a record writes one, while the commit that makes the blob does the same.
  await Promise.all(['one', 'two', 'three'].map((text) => disk.replace(join(root, 'record'), text, 'record', 'record')))
  expect(await readFile(join(root, 'record'), 'utf8')).toBe('three')
  expect(await readdir(root)).toEqual(['record'])
})
