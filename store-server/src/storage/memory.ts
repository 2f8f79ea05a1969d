import { memoryBlobs } from './memoryblobs.ts'
import { assertDocument, assertName, assertPrefix, recordText } from './names.ts'
import { type Documents, type Logs, type Storage, StorageError, type StorageOptions } from './storage.ts'

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
    readAll: async function* ({ folder, leaf, summarize }) {
      assertName(`${folder}/${leaf}`)
      const isWanted = ([first, , last, ...rest]: string[]) => first === folder && last === leaf && rest.length === 0
      for (const [name, text] of texts)
        if (isWanted(name.split('/'))) {
          const { summary, record } = summarize(name, JSON.parse(text))
          yield [{ name, summary, bytes: Buffer.from(JSON.stringify(record)) }]
        }
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
    release: () => {},
    remove: async (name) => {
      assertName(name)
      logs.delete(name)
    },
  }
}

type Parts = Pick<Storage, 'documents' | 'blobs' | 'logs'>
/** Runs changes until it is closed. */
type Change = <T>(change: () => Promise<T>) => Promise<T>

/** The changes of a storage, each behind `change`. */
function guarded({ documents, blobs, logs }: Parts, change: Change): Parts {
  return {
    documents: {
      ...documents,
      write: (name, value) => change(() => documents.write(name, value)),
      remove: (name) => change(() => documents.remove(name)),
    },
    blobs: {
      ...blobs,
      claim: (sha1) => change(() => blobs.claim(sha1)),
      remove: (sha1) => change(() => blobs.remove(sha1)),
      collect: (needed, graceMs) => change(() => blobs.collect(needed, graceMs)),
      createUpload: (blob) => change(() => blobs.createUpload(blob)),
      appendUpload: (id, offset, bytes) => change(() => blobs.appendUpload(id, offset, bytes)),
      commitUpload: (id) => change(() => blobs.commitUpload(id)),
    },
    logs: {
      ...logs,
      append: (name, records) => change(() => logs.append(name, records)),
      remove: (name) => change(() => logs.remove(name)),
    },
  }
}

/** A storage that forgets: for tests, and to keep the contract honest. Its blobs cannot become corrupt. */
export function createMemoryStorage(options: StorageOptions = {}): Storage {
  let closed = false
  const change: Change = async (work) => {
    if (closed) throw new StorageError('E_WRITE', 'memory', 'an open storage', 'a storage that was closed')
    return work()
  }
  const parts = { documents: memoryDocuments(), blobs: memoryBlobs(options), logs: memoryLogs() }
  const close = async (): Promise<void> => {
    closed = true
  }
  return { ...guarded(parts, change), retire: () => {}, close }
}
