import * as v from 'valibot'

/** The name of a weights file: its SHA-1 (FIPS 180-4), 40 lower-case hex digits. */
export const Sha1 = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/, '40 lower-case hex digits'), v.brand('Sha1'))
export type Sha1 = v.InferOutput<typeof Sha1>

export const Sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits'))

/** The form shown on screens: the first 7 digits, without an ellipsis. */
export const shortSha1 = (sha1: string): string => sha1.slice(0, 7)
