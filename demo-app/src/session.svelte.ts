import type { Prediction } from '@pawprint/protocol'
import { announce } from '@pawprint/ui'
import { predict, Refused } from './predict.ts'
import { phraseOf, type Refusal, refusalOf } from './words.ts'

/** Pictures remembered, on this page only; leaving it forgets them. */
const MAX_PAST = 5

export interface Picture {
  readonly id: number
  readonly name: string
  /** Address of its bytes within this page. */
  readonly url: string
}
export interface Answered extends Picture {
  readonly prediction: Prediction
}
export type Stage =
  | { readonly type: 'idle' }
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

export function refuse(refusal: Refusal): void {
  state.refusal = refusal
  state.stage = { type: 'idle' }
  announce(`${refusal.what} ${refusal.advice}`)
}

/** Looks at a picture. A newer one takes its place, and then its answer is no longer shown. */
export async function look(task: string, file: File): Promise<void> {
  const picture: Picture = { id: ++lastId, name: file.name || 'Your picture', url: URL.createObjectURL(file) }
  state.refusal = null
  state.stage = { type: 'busy', picture }
  try {
    const answered = { ...picture, prediction: await predict(task, file) }
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
  state.stage = { type: 'answered', picture }
  const [best] = picture.prediction.predictions
  if (!best) return
  const { text, percent } = phraseOf(best)
  announce(`${text}, ${percent}`)
}

/** Back to the class list. */
export function putAway(): void {
  lastId++
  state.stage = { type: 'idle' }
}
