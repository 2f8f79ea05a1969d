import { randomUUID } from 'node:crypto'
import type { Sha1 } from '@pawprint/protocol'
import { createDigests } from './digests.ts'
import * as rules from './sessions.ts'
import { type BlobInfo, type Blobs, StorageError, type StorageOptions } from './storage.ts'

interface MemorySession extends rules.Session {
  parts: Uint8Array[]
}
interface Kept {
  readonly info: BlobInfo
  readonly bytes: Uint8Array
  /** When it was committed or claimed last. */
  renewedMs: number
}

function claim(kept: ReadonlyMap<string, Kept>, sha1: string, limits: rules.Limits): BlobInfo | null {
  const found = kept.get(sha1)
  if (found) found.renewedMs = limits.now()
  return found?.info ?? null
}

async function take(
  session: MemorySession,
  offset: number,
  bytes: AsyncIterable<Uint8Array>,
  limits: rules.Limits,
): Promise<void> {
  if (session.done) return rules.assertOffset(session, offset)
  const writer = rules.claim(session, limits)
  try {
    rules.assertOffset(session, offset)
    writer.waitingSinceMs = limits.now()
    for await (const chunk of bytes) {
      rules.assertTurn(session, writer, session.offset + chunk.length)
      session.parts.push(Uint8Array.from(chunk))
      session.offset += chunk.length
      session.lastByteMs = limits.now()
      writer.waitingSinceMs = limits.now()
    }
  } finally {
    if (session.writer === writer) session.writer = null
  }
}

function memoryUploads(kept: Map<string, Kept>, limits: rules.Limits) {
  const sessions = new Map<string, MemorySession>()
  const find = (id: string): MemorySession => {
    const session = sessions.get(id)
    if (session === undefined || rules.isStale(session, limits)) throw rules.sessionNotFound(id)
    return session
  }
  const completed = (id: string): BlobInfo | null => claim(kept, rules.sha1OfComplete(id) ?? '', limits)
  const uploads: Pick<Blobs, 'createUpload' | 'findUpload' | 'appendUpload' | 'commitUpload'> = {
    createUpload: async (blob) => {
      rules.assertSize(blob, limits)
      const known = claim(kept, blob.sha1, limits)
      if (known) rules.assertSame(blob, known)
      if (known) return rules.completeSession(known)
      for (const [id, session] of sessions) if (rules.isStale(session, limits)) sessions.delete(id)
      rules.assertRoom(sessions.values(), limits)
      const id = randomUUID()
      const session = { id, blob, offset: 0, lastByteMs: limits.now(), writer: null, done: false, parts: [] }
      sessions.set(id, session)
      return rules.statusOf(session)
    },
    findUpload: async (id) => {
      const complete = completed(id)
      return complete ? rules.completeSession(complete) : rules.statusOf(find(id))
    },
    appendUpload: async (id, offset, bytes) => {
      const complete = completed(id)
      if (complete) rules.assertOffset(rules.completeSession(complete), offset)
      if (complete) return rules.completeSession(complete)
      const session = find(id)
      await take(session, offset, bytes, limits)
      return rules.statusOf(session)
    },
    commitUpload: async (id) => {
      const complete = completed(id)
      return complete ?? commit(kept, sessions, find(id), limits)
    },
  }
  return uploads
}

function commit(
  kept: Map<string, Kept>,
  sessions: Map<string, MemorySession>,
  session: MemorySession,
  limits: rules.Limits,
): BlobInfo {
  const { sha1, sha256, sizeBytes } = session.blob
  const known = claim(kept, sha1, limits)
  try {
    if (known) rules.assertSame(session.blob, known)
    else if (session.done) throw rules.sessionNotFound(session.id)
    else kept.set(sha1, { info: { sha1, sha256, sizeBytes }, bytes: wholeOf(session), renewedMs: limits.now() })
  } catch (error) {
    if (rules.isHopeless(error)) sessions.delete(session.id)
    throw error
  }
  session.done = true
  session.offset = sizeBytes
  session.parts = []
  return { sha1, sha256, sizeBytes }
}

function wholeOf(session: MemorySession): Uint8Array {
  rules.assertWhole(session)
  const bytes = Buffer.concat(session.parts)
  const digests = createDigests()
  digests.update(bytes)
  rules.assertDigests(session, digests.digest())
  return bytes
}

/** Blobs that a restart forgets. They cannot become corrupt. */
export function memoryBlobs(options: StorageOptions): Blobs {
  const limits = rules.limitsOf(options)
  const kept = new Map<string, Kept>()
  return {
    find: async (sha1) => kept.get(sha1)?.info ?? null,
    read: async function* (sha1, start = 0, end = Number.POSITIVE_INFINITY) {
      const found = kept.get(sha1)
      if (found === undefined) throw new StorageError('E_NOT_FOUND', 'blobs', 'a blob', sha1)
      const bytes = found.bytes.slice(start, end)
      if (bytes.length > 0) yield bytes
    },
    remove: async (sha1) => {
      kept.delete(sha1)
    },
    list: async () => [...kept.values()].map(({ info }): Sha1 => info.sha1).sort(),
    scrub: async () => [],
    claim: async (sha1) => claim(kept, sha1, limits),
    collect: async (needed, graceMs) => {
      const old = [...kept.values()].filter(
        ({ info, renewedMs }) => !needed.has(info.sha1) && limits.now() - renewedMs > graceMs,
      )
      for (const { info } of old) kept.delete(info.sha1)
      return old.map(({ info: { sha1, sizeBytes } }) => ({ sha1, sizeBytes }))
    },
    ...memoryUploads(kept, limits),
  }
}
