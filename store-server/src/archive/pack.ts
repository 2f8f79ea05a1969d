import { createHash } from 'node:crypto'
import type { Sha1 } from '@pawprint/protocol'
import { referencedWeights } from '../core/references.ts'
import { DOCUMENTS } from '../service/changes.ts'
import { type Store, timeOf } from '../service/context.ts'
import { blobPath } from '../storage/blobfile.ts'
import { encodeLine, SEAL } from '../storage/logfile.ts'
import { StorageError } from '../storage/storage.ts'
import { ARCHIVE_VERSION, HEAD_PATH, LAYOUT, MANIFEST_PATH, type ManifestFile } from './manifest.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import { packTar, type TarEntry } from './tar.ts'

/** Log records read at one time. */
const PAGE_RECORDS = 1000

const fileOf = (path: string, text: string): TarEntry => {
  const bytes = Buffer.from(text)
  return { path, sizeBytes: bytes.length, bytes: piece(bytes) }
}
const documentOf = (name: string, value: unknown): TarEntry => fileOf(`${name}.json`, JSON.stringify(value))

async function* piece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The bytes of a log file with the first `count` records. */
async function* logBytes(store: Store, name: string, count: number): AsyncGenerator<Uint8Array> {
  for (let after = 0; after < count; after += PAGE_RECORDS) {
    const records = await store.storage.logs.read(name, after, Math.min(PAGE_RECORDS, count - after))
    yield Buffer.from(records.map(({ record }) => encodeLine(JSON.stringify(record))).join(''))
  }
  yield SEAL
}

/** Gone through twice: a tar says the size of a file before its bytes, and a log may be larger than the memory. */
async function* logEntry(store: Store, name: string, known: number | undefined): AsyncGenerator<TarEntry> {
  const count = known ?? (await store.storage.logs.count(name))
  if (count === 0) return
  let sizeBytes = 0
  for await (const bytes of logBytes(store, name, count)) sizeBytes += bytes.length
  yield { path: `${name}.log`, sizeBytes, bytes: logBytes(store, name, count) }
}

/** The weights, or null when they are damaged or gone. Once their first bytes are here, the rest is sure to come. */
async function blobEntry(store: Store, sha1: Sha1): Promise<TarEntry | null> {
  const info = await store.storage.blobs.find(sha1)
  if (info === null) return null
  const bytes = store.storage.blobs.read(sha1)[Symbol.asyncIterator]()
  try {
    const first = await bytes.next()
    const all = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (let next = first; !next.done; next = await bytes.next()) yield next.value
      } finally {
        await bytes.return?.()
      }
    }
    return { path: blobPath('', sha1), sizeBytes: info.sizeBytes, bytes: all() }
  } catch (error) {
    if (error instanceof StorageError && error.code === 'E_NOT_FOUND') return null
    throw error
  }
}

/** What is missing is told; a checkpoint that a newer one replaced meanwhile is only left out of its job. */
async function* blobEntries(store: Store, snapshot: Snapshot, missing: Set<Sha1>): AsyncGenerator<TarEntry> {
  const checkpoints = snapshot.jobs.flatMap((record) => record.checkpoints.flatMap((one) => one?.sha1 ?? []))
  const tasks = [...snapshot.deployments].map(([name, deployments]) => ({ task: { name }, deployments }))
  const needed = referencedWeights({ jobs: snapshot.jobs, models: snapshot.models, tasks })
  // Checkpoints first: a running trial may replace them at any time.
  for (const sha1 of new Set([...checkpoints, ...needed.keys()])) {
    const entry = await blobEntry(store, sha1)
    if (entry) yield entry
    else missing.add(sha1)
  }
}

async function* recordEntries(store: Store, snapshot: Snapshot, missing: Set<Sha1>): AsyncGenerator<TarEntry> {
  for (const record of snapshot.jobs) {
    const { id } = record.job
    const checkpoints = record.checkpoints.map((one) => (one && missing.has(one.sha1) ? null : one))
    const counts = snapshot.counts.get(id)
    yield documentOf(DOCUMENTS.job(id), { ...record, checkpoints })
    yield* logEntry(store, DOCUMENTS.log(id), counts?.log)
    yield* logEntry(store, DOCUMENTS.metrics(id), counts?.metrics)
  }
  for (const record of snapshot.models) {
    const { sha1 } = record.model
    yield documentOf(DOCUMENTS.model(sha1), record)
    yield documentOf(DOCUMENTS.details(sha1), (await store.storage.documents.read(DOCUMENTS.details(sha1))) ?? {})
  }
  for (const [task, deployments] of snapshot.deployments)
    if (deployments.length > 0) {
      const lines = deployments.map((deployment) => encodeLine(JSON.stringify(deployment)))
      yield fileOf(`${DOCUMENTS.deployments(task)}.log`, `${lines.join('')}${SEAL}`)
    }
}

/** Counts and hashes the bytes of an entry on their way, and notes them once they are through. */
function noted(entry: TarEntry, files: ManifestFile[]): TarEntry {
  const hash = createHash('sha256')
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of entry.bytes) {
      hash.update(chunk)
      yield chunk
    }
    files.push({ path: entry.path, sizeBytes: entry.sizeBytes, sha256: hash.digest('hex') })
  }
  return { ...entry, bytes: bytes() }
}

async function* entriesOf(store: Store): AsyncGenerator<TarEntry> {
  const snapshot = await takeSnapshot(store)
  const files: ManifestFile[] = []
  const missing = new Set<Sha1>()
  const at = timeOf(store)
  const head = { archive: 'pawprint', version: ARCHIVE_VERSION, layout: LAYOUT, at }
  yield noted(fileOf(HEAD_PATH, JSON.stringify(head)), files)
  yield noted(fileOf('layout', `${LAYOUT}\n`), files)
  yield noted(documentOf(DOCUMENTS.registry, snapshot.registry), files)
  for await (const entry of blobEntries(store, snapshot, missing)) yield noted(entry, files)
  for await (const entry of recordEntries(store, snapshot, missing)) yield noted(entry, files)
  const named = new Set(
    snapshot.models.flatMap(({ model }) => [model.sha1, ...(model.artifacts ?? []).map(({ sha1 }) => sha1)]),
  )
  const damaged = [...missing].filter((sha1) => named.has(sha1))
  yield fileOf(MANIFEST_PATH, JSON.stringify({ files, missing: damaged }))
}

/**
 * The whole store as one tar, as it is at this moment: records, logs and weights; no tokens, no uploads under way. The store
 * goes on meanwhile. Memory stays flat but for the list of files. Each weights file is verified before it is read.
 */
export const archiveOf = (store: Store): AsyncGenerator<Uint8Array> =>
  packTar(entriesOf(store), Math.floor(store.world.nowMs() / 1000))
