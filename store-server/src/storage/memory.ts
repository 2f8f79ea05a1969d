import { randomUUID } from 'node:crypto'
import type { Sha1 } from '@pawprint/protocol'
import { createDigests } from './digests.ts'
import { assertDocument, assertName, assertPrefix, recordText } from './names.ts'
import * as rules from './sessions.ts'
import {
  type BlobInfo,
  type Blobs,
  type Documents,
  type Logs,
  type Storage,
  StorageError,
  type StorageOptions,
} from './storage.ts'

function memoryDocuments(): Documents {
  const texts = new Map<string, string>()
  return {
    read: async (name) => {
      assertName(name)
      const text = texts.get(name)
      return text === undefined ? null : JSON.parse(text)
    },
    write: async (name, value) => {
      assertName(name)
      assertDocument(name, value)
      texts.set(name, recordText(name, value))
    },
    list: async (prefix) => {
      assertPrefix(prefix)
      return [...texts.keys()].filter((name) => name.startsWith(prefix)).sort()
    },
    remove: async (name) => {
      assertName(name)
      texts.delete(name)
    },
  }
}

function memoryLogs(): Logs {
  const logs = new Map<string, string[]>()
  return {
    append: async (name, records) => {
      assertName(name)
      const lines = [...(logs.get(name) ?? []), ...records.map((record) => recordText(name, record))]
      if (lines.length > 0) logs.set(name, lines)
      return lines.length
    },
    read: async (name, after, limit) => {
      assertName(name)
      const lines = (logs.get(name) ?? []).slice(after, after + limit)
      return lines.map((line, i) => ({ number: after + i + 1, record: JSON.parse(line) }))
    },
    count: async (name) => {
      assertName(name)
      return logs.get(name)?.length ?? 0
    },
    remove: async (name) => {
      assertName(name)
      logs.delete(name)
    },
  }
}

interface MemorySession extends rules.Session {
  parts: Uint8Array[]
}
interface Kept {
  readonly info: BlobInfo
  readonly bytes: Uint8Array
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
  const completed = (id: string): Kept | undefined => kept.get(rules.sha1OfComplete(id) ?? '')
  const uploads: Pick<Blobs, 'createUpload' | 'findUpload' | 'appendUpload' | 'commitUpload'> = {
    createUpload: async (blob) => {
      rules.assertSize(blob, limits)
      const known = kept.get(blob.sha1)
      if (known !== undefined) rules.assertSame(blob, known.info)
      if (known !== undefined) return rules.completeSession(known.info)
      for (const [id, session] of sessions) if (rules.isStale(session, limits)) sessions.delete(id)
      rules.assertRoom(sessions.values(), limits)
      const id = randomUUID()
      const session = { id, blob, offset: 0, lastByteMs: limits.now(), writer: null, done: false, parts: [] }
      sessions.set(id, session)
      return rules.statusOf(session)
    },
    findUpload: async (id) => {
      const complete = completed(id)
      return complete ? rules.completeSession(complete.info) : rules.statusOf(find(id))
    },
    appendUpload: async (id, offset, bytes) => {
      const complete = completed(id)
      if (complete) rules.assertOffset(rules.completeSession(complete.info), offset)
      if (complete) return rules.completeSession(complete.info)
      const session = find(id)
      await take(session, offset, bytes, limits)
      return rules.statusOf(session)
    },
    commitUpload: async (id) => {
      const complete = completed(id)
      return complete ? complete.info : commit(kept, sessions, find(id))
    },
  }
  return uploads
}

function commit(kept: Map<string, Kept>, sessions: Map<string, MemorySession>, session: MemorySession): BlobInfo {
  const { sha1, sha256, sizeBytes } = session.blob
  const known = kept.get(sha1)
  try {
    if (known !== undefined) rules.assertSame(session.blob, known.info)
    else if (session.done) throw rules.sessionNotFound(session.id)
    else kept.set(sha1, { info: { sha1, sha256, sizeBytes }, bytes: wholeOf(session) })
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

function memoryBlobs(options: StorageOptions): Blobs {
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
    ...memoryUploads(kept, rules.limitsOf(options)),
  }
}

/** A storage that forgets: for tests, and to keep the contract honest. Its blobs cannot become corrupt. */
export function createMemoryStorage(options: StorageOptions = {}): Storage {
  return { documents: memoryDocuments(), blobs: memoryBlobs(options), logs: memoryLogs(), close: async () => {} }
}
