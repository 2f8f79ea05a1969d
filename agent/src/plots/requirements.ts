import type { ImageSet } from '@pawprint/engine'
import { AgentError } from '../errors.ts'

/** Throws AgentError `E_OPTION` unless there is a name for each class. */
export function requireNames(
  place: string,
  { classCount }: Pick<ImageSet, 'classCount'>,
  names: readonly string[],
): void {
  if (Array.isArray(names) && names.length === classCount) return
  const got = Array.isArray(names) ? `${names.length}` : typeof names
  throw new AgentError('E_OPTION', `${place}: classNames`, `${classCount} names, as data.task.classNames has`, got)
}

/** Throws AgentError `E_OPTION` unless it is an integer from 1 to `max`. */
export function requireCount(place: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return
  throw new AgentError('E_OPTION', place, `an integer from 1 to ${max}`, String(value))
}
