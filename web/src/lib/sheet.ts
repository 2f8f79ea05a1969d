import type { Model, Thumbnails } from '@pawprint/protocol'
import { getArtifact } from './api.ts'
import { problemOf, sheetAmong } from './thumbnails.ts'

/**
 * Fetches the sheet of a model's thumbnails and checks that it is one. Resolves with the address of a copy in the browser's memory, which the caller
 * gives back by `URL.revokeObjectURL`. Throws Error, ApiError.
 */
export async function loadSheet(
  { sha1, artifacts = [] }: Pick<Model, 'sha1' | 'artifacts'>,
  thumbnails: Thumbnails,
): Promise<string> {
  const bytes = await getArtifact(sha1, sheetAmong(artifacts).name)
  const problem = problemOf(bytes, thumbnails)
  if (problem !== null) throw new Error(problem)
  const url = URL.createObjectURL(new Blob([bytes], { type: 'image/webp' }))
  const image = new Image()
  image.src = url
  try {
    await image.decode()
  } catch (error) {
    URL.revokeObjectURL(url)
    throw new Error('it cannot be decoded', { cause: error })
  }
  return url
}
