import type { DemoTask, ErrorBody, Prediction } from '@pawprint/protocol'
import { shortSha1 } from '@pawprint/protocol'
import { percent } from '@pawprint/ui/format'

/** At least this probability is said as a fact; below it the demo is not sure. */
const SURE_FROM = 0.5

/** "a" or "an", by the first letter. */
export const articleOf = (name: string): 'a' | 'an' => (/^[aeiou]/i.test(name) ? 'an' : 'a')

export interface Phrase {
  /** "This looks like a cat", "Not sure. Perhaps a cat". */
  readonly text: string
  /** "87 %". */
  readonly percent: string
  readonly sure: boolean
}

/** What is said about a picture, from its best class. */
export function phraseOf({ className, probability }: Prediction['predictions'][number]): Phrase {
  const sure = probability >= SURE_FROM
  const named = `${articleOf(className)} ${className}`
  return {
    text: sure ? `This looks like ${named}` : `Not sure. Perhaps ${named}`,
    percent: percent(probability, 0),
    sure,
  }
}

const WORDS = 'no one two three four five six seven eight nine ten eleven twelve'.split(' ')
/** "ten" up to twelve, then digits. */
export const countWord = (count: number): string => WORDS[count] ?? count.toLocaleString('en-US')

/** Two sentences: what is wrong with the picture, and what to do now. */
export interface Refusal {
  readonly what: string
  readonly advice: string
}

/** Why a picture was not looked at. `name`: of its file. */
export function refusalOf(name: string, { code, message, got }: ErrorBody): Refusal {
  const another = 'Please use a JPEG, PNG or WebP picture.'
  switch (code) {
    case 'E_EMPTY':
      return { what: `${name} is empty.`, advice: another }
    case 'E_IMAGE_TYPE':
      return { what: `${name} cannot be read.`, advice: another }
    case 'E_IMAGE':
      return { what: `${name} is damaged.`, advice: 'Please try another picture.' }
    case 'E_IMAGE_BYTES':
      return { what: `${name} is too large.`, advice: 'A picture may have up to 16 MB.' }
    case 'E_IMAGE_PIXELS':
      return {
        what: `${name} is too large${got ? `: ${got} pixels` : ''}.`,
        advice: 'A picture may have up to 40 megapixels.',
      }
    case 'E_NO_MODEL':
      return { what: 'There is no model yet.', advice: 'This page wakes up when the first one is deployed.' }
    case 'E_BUSY':
      return { what: 'Many pictures are being looked at.', advice: 'Please try again in a moment.' }
    case 'E_AWAY':
      return { what: `${name} could not be sent.`, advice: 'Please try again when the demo answers.' }
    default:
      return { what: `${name} could not be looked at.`, advice: message }
  }
}

/** What a toast needs of a model. */
export type Serving = Pick<NonNullable<DemoTask['served']>, 'sha1' | 'testAccuracy'>

/** "New model 3f2a91c is live", or that an earlier one is back. `seen`: it served before while this page was open. */
export function sayLive(before: Serving | null, after: Serving, seen: boolean): { title: string; detail: string } {
  const short = shortSha1(after.sha1)
  const accuracy = after.testAccuracy === null ? '' : percent(after.testAccuracy)
  const was = before?.testAccuracy == null || accuracy === '' ? '' : `, was ${percent(before.testAccuracy)}`
  const isLower = after.testAccuracy !== null && after.testAccuracy < (before?.testAccuracy ?? 0)
  const title = isLower
    ? seen
      ? `Rolled back to ${short}`
      : `${short} is live`
    : seen
      ? `${short} is live again`
      : `New model ${short} is live`
  return { title, detail: `${accuracy}${was}` }
}

const LOAD_PROBLEMS: Readonly<Record<string, string>> = {
  E_BLOB_HASH: 'its bytes do not match its name',
  E_BLOB_SIZE: 'its file has another size than it should',
  E_BLOB_MISSING: 'its weights are not there',
  E_DOWNLOAD: 'the store did not deliver its weights',
  E_CANARY: 'its answers are no probabilities',
  E_SAFETENSORS: 'its file is no weights file',
  E_JSON: 'its record cannot be read',
  E_MESSAGE: 'its record cannot be read',
  E_CURRENT: 'its record contradicts itself',
}

/** A model that failed to load: what, why, and what answers in its place. */
export function loadProblemOf({ served, refused }: DemoTask): { what: string; why: string; now: string } | null {
  if (refused === null) return null
  const { sha1, error } = refused
  return {
    what: `${sha1 === null ? 'The new deployment' : shortSha1(sha1)} could not be loaded`,
    why: LOAD_PROBLEMS[error.code] ?? error.message,
    now: served === null ? 'No model answers yet.' : `${shortSha1(served.sha1)} keeps answering.`,
  }
}

/** Explains the accuracy of the badge. */
export const explainAccuracy = (accuracy: number, testCount: number): string =>
  `Of ${testCount.toLocaleString('en-US')} test pictures it had never seen, this model named ${percent(accuracy)} rightly.`

/** Explains the percentage of an answer. */
export const explainSureness = (accuracy: number | null): string =>
  accuracy === null
    ? 'How sure the model is of this one picture. A sure answer may still be wrong.'
    : `How sure the model is of this one picture. In the test it was right ${percent(accuracy)} of the time, so a sure answer may still be wrong.`
