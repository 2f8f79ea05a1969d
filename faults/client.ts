import type { RunningStore } from '@pawprint/store-server'
import { call } from '../store-server/src/testing/fakeAgent.ts'

/** The store ended before it answered: whether it did what it was asked is not known. */
export class StoreDied extends Error {
  override readonly name = 'StoreDied'
}

/** One call of the API. Throws StoreDied when no whole answer came. */
export async function ask(
  store: RunningStore,
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
): ReturnType<typeof call> {
  try {
    return await call(store, method, path, body, headers)
  } catch (error) {
    // fetch: refused, reset, or ended within an answer.
    if (error instanceof TypeError || error instanceof SyntaxError) throw new StoreDied(String(error.cause ?? error))
    throw error
  }
}

/** Whether an error says no more than that the store is dead. */
export const isDeath = (error: unknown): boolean =>
  error instanceof StoreDied ||
  (error instanceof Error &&
    /^closed with |ECONNREFUSED|ECONNRESET|socket hang up|WebSocket is not open/.test(error.message))

/** Runs until the store is dead; throws only what is not explained by that. */
export async function untilDeath(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isDeath(error)) throw error
  }
}
