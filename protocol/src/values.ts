import * as v from 'valibot'
import { MAX_LOG_LINE_BYTES, MAX_NAME_LENGTH } from './limits.ts'

/** An id made by the store or a client: a path segment that is safe everywhere. */
export const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 letters, digits, "-" or "_"'))
/** ISO 8601, UTC, with milliseconds. */
export const Time = v.pipe(v.string(), v.isoTimestamp())
/** A name that people chose: shown as text, never markup. */
export const Name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_NAME_LENGTH))
/** A whole number, 0 ≤ x < 2⁵³. */
export const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** A number that is neither NaN nor infinite. */
export const Finite = v.pipe(v.number(), v.finite())
export const Fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
export const Text = v.pipe(v.string(), v.maxLength(MAX_LOG_LINE_BYTES))
