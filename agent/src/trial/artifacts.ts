import { type ExportedFile, exportOnnx, exportTfjs, type SavedModel } from '@pawprint/engine'
import { MAX_ARTIFACTS } from '@pawprint/protocol'
import type { Upload } from '../wire/upload.ts'
import { hashed } from './hashed.ts'

/** A file made of a model, under the name that it has at the store. */
export interface ArtifactFile extends Upload {
  readonly name: string
}

interface Format {
  readonly title: string
  readonly make: (saved: SavedModel) => readonly ExportedFile[]
}

/** What a trained model is exported to. */
const FORMATS: readonly Format[] = [
  { title: 'ONNX', make: (saved) => [{ name: 'model.onnx', bytes: exportOnnx(saved) }] },
  {
    title: 'TensorFlow.js',
    make: (saved) => exportTfjs(saved).map(({ name, bytes }) => ({ name: `tfjs/${name}`, bytes })),
  },
]

export interface ArtifactSettings {
  /** Rejects when the store refuses for good. */
  readonly upload: (file: Upload) => Promise<void>
  /** A format is left out: which, and why. */
  readonly onLeftOut: (title: string, error: unknown) => void
  readonly signal: AbortSignal
}

/**
 * Makes the exports of a model and brings them to the store. A format that cannot be made or brought there is left out, whole: the
 * trial has its model. Throws only the signal's reason.
 */
export async function bringArtifacts(saved: SavedModel, settings: ArtifactSettings): Promise<ArtifactFile[]> {
  const brought: ArtifactFile[] = []
  for (const { title, make } of FORMATS) {
    try {
      const files = await Promise.all(
        make(saved).map(async ({ name, bytes }) => ({ name, ...(await hashed(bytes, 'artifact')) })),
      )
      if (brought.length + files.length > MAX_ARTIFACTS)
        throw new RangeError(`${files.length} files, and a model may have ${MAX_ARTIFACTS}`)
      for (const file of files) await settings.upload(file)
      brought.push(...files)
    } catch (error) {
      settings.signal.throwIfAborted()
      settings.onLeftOut(title, error)
    }
  }
  return brought
}
