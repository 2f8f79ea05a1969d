import * as v from 'valibot'
import { MAX_AUTOMATIC_IMAGES } from './limits.ts'
import { Sha1, Sha256 } from './sha1.ts'
import { Count, Text } from './values.ts'

/**
 * Images by content: a file that was renamed or touched is the same one, and copies in a class count once. `changed`: another content under
 * the same name, or the same one in another class.
 */
export const DataChanges = v.object({ added: Count, changed: Count, removed: Count })
export type DataChanges = v.InferOutput<typeof DataChanges>

/** What a notebook that watches folders found there, once nothing had changed for a moment. */
export const FoundData = v.object({
  /** Equal for equal contents in equal classes. */
  data: Sha256,
  images: Count,
  /** Files that look like pictures and cannot be read or decoded. */
  leftOut: Count,
  /** The images that it compared these with; null: nothing was trained on yet, as far as it knows. */
  since: v.nullable(Sha256),
  /** Null without `since`, and where the notebook has no record of those images. */
  changes: v.nullable(DataChanges),
})
export type FoundData = v.InferOutput<typeof FoundData>

/** When a notebook is trained on new data by itself. */
export const Automatic = v.object({
  /** New and changed images that it takes. */
  atLeast: v.pipe(Count, v.minValue(1), v.maxValue(MAX_AUTOMATIC_IMAGES)),
  /** Whether it begins with the weights of the deployed model, where there is one. */
  warmStart: v.boolean(),
})
export type Automatic = v.InferOutput<typeof Automatic>

/** Of a notebook whose data are folders. */
export const NotebookData = v.object({
  /** Null while the notebook is not heard. */
  found: v.nullable(FoundData),
  /** Why the folders cannot be trained on as they are now. */
  problem: v.optional(Text),
  /** The images of the last finished training; null before the first. */
  trained: v.nullable(Sha256),
  /** Null: switched off. */
  automatic: v.nullable(Automatic),
})
export type NotebookData = v.InferOutput<typeof NotebookData>

/** Of a job that reads its notebook's folders anew. */
export const JobData = v.object({
  by: v.picklist(['auto', 'person']),
  /** A clause: why it was launched, with which values, and where it begins. */
  reason: Text,
  /** The stored model whose weights it begins with; null: they are drawn. */
  initialWeights: v.nullable(Sha1),
})
export type JobData = v.InferOutput<typeof JobData>

/** New and changed images: those that nothing was trained on. */
export const untrained = ({ added, changed }: DataChanges): number => added + changed

/** `12 new images, 1 changed, 2 removed`, or `no new images`. */
export function describeChanges({ added, changed, removed }: DataChanges): string {
  const counts = [
    [added, 'new'],
    [changed, 'changed'],
    [removed, 'removed'],
  ] as const
  const [first, ...rest] = counts.filter(([count]) => count > 0)
  if (first === undefined) return 'no new images'
  const [count, what] = first
  const named = `${count.toLocaleString('en')} ${what} ${count === 1 ? 'image' : 'images'}`
  return [named, ...rest.map(([more, which]) => `${more.toLocaleString('en')} ${which}`)].join(', ')
}
