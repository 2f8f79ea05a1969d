import type { Prediction } from '@pawprint/protocol'
import { announce } from '@pawprint/ui'
import { type Part, predict, Refused } from './predict.ts'
import { phraseOf, type Refusal, refusalOf } from './words.ts'

/** Pictures remembered, on this page only; leaving it forgets them. */
const MAX_PAST = 5

export interface Picture {
  readonly id: number
  readonly name: string
  /** Address of its bytes within this page. */
  readonly url: string
  /** What of it is looked at; null for all of it. */
  readonly part: Part | null
}
export interface Answered extends Picture {
  readonly prediction: Prediction
}
export type Stage =
  | { readonly type: 'idle' }
  /** A part is being chosen, for a model that knows no whole pictures. */
  | { readonly type: 'framing'; readonly picture: Picture; readonly file: File }
  | { readonly type: 'busy'; readonly picture: Picture }
  | { readonly type: 'answered'; readonly picture: Answered }

const state = $state<{ stage: Stage; refusal: Refusal | null; past: Answered[] }>({
  stage: { type: 'idle' },
  refusal: null,
  past: [],
})
/** The picture that is looked at, the answer, and the last ones. */
export const session: Readonly<typeof state> = state

let lastId = 0

function keep(picture: Answered): void {
  const all = [picture, ...state.past]
  for (const { url } of all.slice(MAX_PAST)) URL.revokeObjectURL(url)
  state.past = all.slice(0, MAX_PAST)
}

const pictureOf = (file: File, part: Part | null): Picture => ({
  id: ++lastId,
  name: file.name || 'Your picture',
  url: URL.createObjectURL(file),
  part,
})

/** Every other stage takes the place of the present one through here: a picture that was only framed is forgotten. */
function enter(stage: Stage): void {
  if (state.stage.type === 'framing') URL.revokeObjectURL(state.stage.picture.url)
  state.stage = stage
}

export function refuse(refusal: Refusal): void {
  state.refusal = refusal
  enter({ type: 'idle' })
  announce(`${refusal.what} ${refusal.advice}`)
}

/** Shows a picture for a person to choose a part of it. */
export function frame(file: File): void {
  state.refusal = null
  enter({ type: 'framing', picture: pictureOf(file, null), file })
}

/** Looks at a picture, or a part of it. A newer one takes its place, and then its answer is no longer shown. */
export async function look(task: string, file: File, part: Part | null): Promise<void> {
  const picture = pictureOf(file, part)
  state.refusal = null
  enter({ type: 'busy', picture })
  try {
    const answered = { ...picture, prediction: await predict(task, file, part) }
    keep(answered)
    if (picture.id === lastId) show(answered)
  } catch (error) {
    URL.revokeObjectURL(picture.url)
    if (!(error instanceof Refused)) throw error
    if (picture.id === lastId) refuse(refusalOf(picture.name, error.body))
  }
}

/** Shows an answer, now or once more. */
export function show(picture: Answered): void {
  lastId++
  state.refusal = null
  enter({ type: 'answered', picture })
  const [best] = picture.prediction.predictions
  if (!best) return
  const { text, percent } = phraseOf(best)
  announce(`${text}, ${percent}`)
}

/** Back to the class list. */
export function putAway(): void {
  lastId++
  enter({ type: 'idle' })
}
