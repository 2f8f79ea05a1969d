import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { drawnPets } from './drawn/drawnPets.ts'
import { datasets } from './index.ts'
import { saveImageFolder } from './saveImageFolder.ts'
import { subset } from './subset.ts'

const pets = await drawnPets({ imageSize: 8, species: 'cat', validationSplit: 0.5 })

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'pawprint-save-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}
/** Pixels of each image with its class, whatever the order. */
const contentOf = ({ train, validation, test, task }: Awaited<ReturnType<typeof drawnPets>>): string[] =>
  [train, validation, test]
    .flatMap(({ images, labels, width }) =>
      Array.from(labels, (label, i) => {
        const size = width * width * 3
        const pixels = Buffer.from(images.subarray(i * size, (i + 1) * size)).toString('base64')
        return `${task.classNames[label]} ${pixels}`
      }),
    )
    .sort()

test('imageFolder reads back what was written: the same pixels in the same classes', async () => {
  const data = subset(pets, { perClass: { train: 4, validation: 2, test: 3 } })
  const path = await folder()
  expect(await saveImageFolder(data, path)).toBe(6 * 9)
  expect((await readdir(path)).sort()).toEqual([...data.task.classNames].sort())
  const read = await datasets.imageFolder(path, {
    imageSize: 8,
    cache: false,
    log: () => undefined,
    onProgress: () => undefined,
  })
  expect(contentOf(read)).toEqual(contentOf(data))
})

test.each([['../up'], ['.hidden'], ['a/b'], ['']])(
  'a class called %j is no folder, and nothing is written',
  async (name) => {
    const classNames = [name, ...pets.task.classNames.slice(1)]
    const path = await folder()
    await expect(saveImageFolder({ ...pets, task: { ...pets.task, classNames } }, path)).rejects.toThrow(/class names/)
    expect(await readdir(path)).toEqual([])
  },
)
