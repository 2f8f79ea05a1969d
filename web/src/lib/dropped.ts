import { type ErrorBody, MAX_FRAME_BYTES, parseJson } from '@pawprint/protocol'
import { showSize } from '@pawprint/ui/format'

/** A config that was dropped, chosen or pasted, and from where. */
export interface Dropped {
  readonly name: string
  readonly config: unknown
}

/** Something that cannot be a config. `detail` says what was expected and what came. */
export class DropError extends Error {
  override readonly name = 'DropError'
  readonly source: string
  readonly detail: ErrorBody

  constructor(source: string, expected: string, got: string, cause?: unknown) {
    super(`${source}: expected ${expected}, got ${got}`, { cause })
    this.source = source
    this.detail = { code: 'E_DROP', message: this.message, expected, got }
  }
}

/** The text of a config as JSON. Throws DropError. */
export function readText(name: string, text: string): Dropped {
  if (text.trim() === '') throw new DropError(name, 'a JSON object of values to try', 'an empty file')
  try {
    // A byte order mark, as some editors write it, is no JSON.
    return { name, config: parseJson(text.replace(/^\ufeff/, '')) }
  } catch (error) {
    throw new DropError(name, 'JSON', describe(text), error)
  }
}

const describe = (text: string): string => {
  const start = text.trim().slice(0, 30)
  return `text that begins with ${JSON.stringify(start)}`
}

/** The one config among dropped files. Throws DropError for none, several, an empty, a large one, or one that is no JSON. */
export async function readFiles(files: readonly File[]): Promise<Dropped> {
  const [file, second] = files
  if (file === undefined) throw new DropError('The drop', 'a JSON file', 'no file')
  if (second !== undefined) throw new DropError('The drop', 'one file', `${files.length} files`)
  if (file.size > MAX_FRAME_BYTES)
    throw new DropError(file.name, `at most ${showSize(MAX_FRAME_BYTES)}`, showSize(file.size))
  try {
    return readText(file.name, await file.text())
  } catch (error) {
    if (error instanceof DropError) throw error
    // A folder looks like a file until it is read.
    throw new DropError(file.name, 'a JSON file', 'something that cannot be read', error)
  }
}
