import { availableParallelism } from 'node:os'
import type { Prediction } from '@pawprint/protocol'
import { type Part, pixelsOf } from './picture.ts'
import type { Shelf } from './shelf.ts'
import { createTurnstile } from './turnstile.ts'

/** Names what a picture, or a part of it, shows. `task` may be left out while there is one only. Throws DemoError. */
export type Classifier = (task: string | undefined, bytes: Uint8Array, part?: Part) => Promise<Prediction>

/** Pictures that may wait to be decoded; the HTTP side admits fewer. */
const MAX_WAITING = 64

/** Classes with their probabilities, best first; equal ones in the order of the classes. */
export const ranked = (classNames: readonly string[], probabilities: Float32Array): Prediction['predictions'] =>
  classNames
    .map((className, i) => ({ className, probability: probabilities[i] ?? 0 }))
    .sort((a, b) => b.probability - a.probability)

/** Picture → pixels → probabilities, on the model that is current when its turn comes. As many at once as there are cores. */
export function createClassifier(shelf: Shelf): Classifier {
  const turnstile = createTurnstile(availableParallelism(), MAX_WAITING)
  return (task, bytes, part) =>
    turnstile.pass(() =>
      shelf.use(task, async ({ current, predictor }) => {
        const pixels = await pixelsOf(bytes, current.model.preprocessing, part)
        const probabilities = await predictor.predict(pixels, 1)
        return {
          task: current.task.name,
          sha1: current.model.sha1,
          predictions: ranked(current.model.classNames, probabilities),
        }
      }),
    )
}
