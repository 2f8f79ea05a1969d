import { ErrorBody, MAX_IMAGE_BYTES, Prediction, parse, parseJson } from '@pawprint/protocol'

/** A picture that was not looked at. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly body: ErrorBody
  constructor(body: ErrorBody, options?: ErrorOptions) {
    super(body.message, options)
    this.body = body
  }
}

/** Part of a picture as it is looked at, in its pixels: integers. */
export interface Part {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

const addressOf = (task: string, part: Part | null): string => {
  const query = new URLSearchParams({ task })
  if (part) query.set('part', [part.left, part.top, part.width, part.height].join(','))
  return `/api/predict?${query}`
}

/** Asks the demo what a picture shows, or a part of it. Throws Refused; code E_AWAY when the server does not answer. */
export async function predict(task: string, file: Blob, part: Part | null): Promise<Prediction> {
  if (file.size === 0) throw new Refused({ code: 'E_EMPTY', message: 'empty' })
  // The server would refuse it, too, but only after it has travelled.
  if (file.size > MAX_IMAGE_BYTES) throw new Refused({ code: 'E_IMAGE_BYTES', message: 'too large' })
  try {
    const answer = await fetch(addressOf(task, part), { method: 'POST', body: file })
    const body = parseJson(await answer.text())
    if (answer.ok) return parse(Prediction, body)
    throw new Refused(
      parse(ErrorBody, typeof body === 'object' && body !== null && 'error' in body ? body.error : body),
    )
  } catch (error) {
    if (error instanceof Refused) throw error
    throw new Refused({ code: 'E_AWAY', message: 'The demo does not answer.' }, { cause: error })
  }
}
