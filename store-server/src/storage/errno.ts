import { StorageError } from './storage.ts'

/** The system's name for an error, such as ENOENT; else "no code". */
export const errnoOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'no code'

/** StorageError E_NO_SPACE for a full disk or quota, anything else as it is. */
export function withNoSpace(error: unknown, at: string): unknown {
  const code = errnoOf(error)
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new StorageError('E_NO_SPACE', at, 'free space on the disk', code, { cause: error })
}
