import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Broken } from '../pixels/decodePicture.ts'
import { readPicture } from './readPicture.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a picture is read whole; what cannot be read, or is too large, is broken', async () => {
  await mkdir(join(folder, 'folder.jpg'))
  await writeFile(join(folder, 'abc'), 'abc')
  await writeFile(join(folder, 'large'), '')
  await truncate(join(folder, 'large'), MAX_IMAGE_BYTES + 1)
  expect(Buffer.from(await readPicture(join(folder, 'abc'))).toString()).toBe('abc')
  for (const [name, reason] of [
    ['missing', 'the file cannot be read: ENOENT'],
    ['folder.jpg', 'the file cannot be read: EISDIR'],
    ['large', 'the file has 16777217 bytes, more than 16777216'],
  ] as const)
    await expect(readPicture(join(folder, name))).rejects.toThrow(new Broken(reason))
})
