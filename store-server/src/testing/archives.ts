import type { RunningStore } from '../startStore.ts'

/** The archive of a running store, as its operator gets it. */
export async function archiveFrom(store: RunningStore): Promise<Buffer> {
  const response = await fetch(`${store.url}/api/store/archive`, {
    headers: { authorization: `Bearer ${store.token}` },
  })
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}
/** Bytes as a network brings them. */
export async function* inPieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
