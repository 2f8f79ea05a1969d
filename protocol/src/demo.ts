import * as v from 'valibot'
import { ServedModel } from './api.ts'
import { ErrorBody } from './error.ts'
import { parse, parseJson } from './json.ts'
import { MAX_STORE_FRAME_BYTES } from './limits.ts'
import { Preprocessing } from './models.ts'
import { Task } from './records.ts'
import { Sha1 } from './sha1.ts'
import { Count, Name } from './values.ts'

/** One task as the demo's page draws it. */
export const DemoTask = v.object({
  task: Task.entries.name,
  classNames: v.array(Name),
  /** What answers now; null before the first model. */
  served: v.nullable(
    v.object({
      ...ServedModel.entries,
      /** Of its deployment. */
      revision: Count,
      /** Pictures in the test set behind `testAccuracy`. */
      testCount: Count,
      ...v.pick(Preprocessing, ['width', 'height', 'channels', 'fit', 'input']).entries,
    }),
  ),
  /** The deployed model, when it failed to load and `served` is an older one or none; null otherwise. */
  refused: v.nullable(v.object({ sha1: v.nullable(Sha1), error: ErrorBody })),
})
export type DemoTask = v.InferOutput<typeof DemoTask>

export const ToDemoPage = v.variant('type', [
  /** All tasks, in alphabetical order: when a page connects, and after each change. */
  v.object({ type: v.literal('tasks'), tasks: v.array(DemoTask) }),
  /** Every 15 s, as in `ToPage`. */
  v.object({ type: v.literal('ping') }),
])
export type ToDemoPage = v.InferOutput<typeof ToDemoPage>

/** Reads what the demo sends to its pages, which trust it. Throws ProtocolError E_JSON or E_MESSAGE. */
export const parseToDemoPage = (text: string): ToDemoPage => parse(ToDemoPage, parseJson(text, MAX_STORE_FRAME_BYTES))
