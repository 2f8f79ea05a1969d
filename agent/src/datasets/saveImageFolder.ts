import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pngOf } from '../plots/png.ts'
import { DatasetError } from './errors.ts'
import { SIDES } from './folder/contentSides.ts'
import type { Dataset } from './types.ts'

/** A class's name is a folder's: letters, digits, spaces and a few signs, and no dot at its start. */
const FOLDER_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_ .()-]*$/u

/**
 * Writes the images of a dataset as PNG files, a folder per class, as `datasets.imageFolder` reads them: to look at them, to change them, to
 * have pictures to begin with. Files are named after their set and place, `train-12.png`; those that are there are written over.
 * Resolves to how many were written. Throws DatasetError `E_FORMAT` for a class whose name is no folder's, and what the file system throws.
 */
export async function saveImageFolder(dataset: Dataset, directory: string): Promise<number> {
  const { classNames } = dataset.task
  const odd = classNames.find((name) => !FOLDER_NAME.test(name))
  if (odd !== undefined)
    throw new DatasetError('E_FORMAT', 'saveImageFolder', 'class names that a folder can have', JSON.stringify(odd))
  for (const name of classNames) await mkdir(join(directory, name), { recursive: true })
  let written = 0
  for (const side of SIDES) {
    const { images, labels, height, width, channels } = dataset[side]
    const size = height * width * channels
    for (let index = 0; index < labels.length; index++) {
      const png = pngOf(images.subarray(index * size, (index + 1) * size), width, height, channels)
      await writeFile(join(directory, classNames[labels[index] ?? 0] ?? '', `${side}-${index + 1}.png`), png)
      written++
    }
  }
  return written
}
