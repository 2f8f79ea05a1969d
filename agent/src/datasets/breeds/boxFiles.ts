import { type Part, type Place, readFiles } from '../archives/parts.ts'
import { DatasetError } from '../errors.ts'
import type { Crop } from '../pixels/decode.ts'
import { largestBox, MAX_ANNOTATION_BYTES, parseBoxes } from './boxes.ts'

/**
 * The largest box of each annotation; one that is missing, broken or without a box has no entry. `files` gives the annotation of each
 * photograph. Throws DatasetError `E_FORMAT` for a broken archive, and the signal's reason.
 */
export async function readBoxes(
  place: Place,
  part: Part,
  files: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Crop>> {
  const wanted = { part, names: new Set(files.values()), maxBytes: MAX_ANNOTATION_BYTES }
  const annotations = await readFiles(place, wanted, signal)
  const boxes = new Map<string, Crop>()
  for (const [photograph, file] of files) {
    const bytes = annotations.get(file)
    const box = bytes ? boxOf(bytes, file) : null
    if (box) boxes.set(photograph, box)
  }
  return boxes
}

function boxOf(bytes: Uint8Array, at: string): Crop | null {
  try {
    return largestBox(parseBoxes(Buffer.from(bytes).toString('utf8'), at))
  } catch (error) {
    if (error instanceof DatasetError) return null
    throw error
  }
}
