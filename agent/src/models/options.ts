import { AgentError } from '../errors.ts'

/** What every ready network is told. */
export interface NetworkOptions {
  /** Side of the square images, in pixels; an integer from 8 to 1,024, as the data set's. */
  readonly imageSize: number
  /** Classes to tell apart, an integer from 2: the network ends in one probability for each, by softmax. */
  readonly classCount: number
  /** 3 for RGB (default), 1 for grey. */
  readonly channels?: number
}

/** Checks what all networks are told. Throws AgentError `E_OPTION`. */
export function readNetwork(
  network: string,
  { imageSize, classCount, channels = 3 }: NetworkOptions,
): { readonly inputShape: [height: number, width: number, channels: number]; readonly classCount: number } {
  requireInteger(`models.${network}: imageSize`, imageSize, 8, 1024)
  requireInteger(`models.${network}: classCount`, classCount, 2, 100_000)
  requireInteger(`models.${network}: channels`, channels, 1, 16)
  return { inputShape: [imageSize, imageSize, channels], classCount }
}

/** Throws AgentError `E_OPTION` unless it is an integer from `min` to `max`. */
export function requireInteger(place: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new AgentError('E_OPTION', place, `an integer from ${min} to ${max}`, `${value}`)
}

/** Throws AgentError `E_OPTION` unless `min` < value ≤ `max`, or min itself where `includesMin`. */
export function requireNumber(place: string, value: number, min: number, max: number, includesMin = false): void {
  if (value <= max && (value > min || (includesMin && value === min))) return
  throw new AgentError('E_OPTION', place, `a number ${min} ${includesMin ? '≤' : '<'} x ≤ ${max}`, `${value}`)
}
