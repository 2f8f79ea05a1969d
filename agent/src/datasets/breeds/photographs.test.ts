import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom, shuffle } from '../random.ts'
import { makeTar } from '../testing/testData.ts'
import { colourOf, photograph, SIDE } from '../testing/testPets.ts'
import { readPhotographs } from './photographs.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-photographs-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('more photographs than one handful come in the order of the archive, each with its own pixels', async () => {
  const part = { archive: 'images.tar', folder: 'images', files: [] }
  const files = [await photograph(colourOf(1, 1)), await photograph(colourOf(2, 2)), Buffer.from('broken')]
  const numbers = shuffle([...Array(300).keys()], seededRandom(7))
  const entries = numbers.map((number) => ({ name: `images/${number}.jpg`, bytes: files[number % 3] as Buffer }))
  await writeFile(join(folder, 'images.tar'), makeTar([...entries, ...entries.slice(0, 5)]))
  const reports: number[] = []
  const {
    pixels,
    files: read,
    broken,
  } = await readPhotographs(
    { type: 'archive', path: join(folder, 'images.tar') },
    part,
    Array.from({ length: 400 }, (_, number) => ({ name: `${number}.jpg` })),
    { imageSize: SIDE, maxBytes: 1e6, onDone: (done) => reports.push(done) },
  )
  const good = numbers.filter((number) => number % 3 !== 2)
  expect(read).toEqual(good.map((number) => ({ name: `${number}.jpg`, width: SIDE, height: SIDE })))
  expect(broken).toHaveLength(100)
  const sizeBytes = SIDE * SIDE * 3
  expect(pixels).toHaveLength(200 * sizeBytes)
  for (const [index, number] of good.entries())
    expect([...pixels.subarray(index * sizeBytes, index * sizeBytes + 3)]).toEqual(
      number % 3 === 0 ? colourOf(1, 1) : colourOf(2, 2),
    )
  // A name that comes twice counts once.
  expect(reports).toEqual(Array.from({ length: 300 }, (_, done) => done + 1))
})
