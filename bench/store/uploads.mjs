// Uploads as an agent makes them: parts of 4 MiB over HTTP, then a commit. Beside them what the same bytes cost without a store.
import { execFileSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { call, startStore } from './process.mjs'
import { median } from './statistics.mjs'

const MIB = 1024 * 1024
const PART_BYTES = 4 * MIB
const ROUNDS = 5
const BUSY = 429
/** Connections that broke while a part was sent. */
let broken = 0

/** A file of noise with its digests; `seed` makes it another one. */
function makeFile(path, sizeBytes, seed) {
  const piece = Buffer.alloc(MIB)
  randomFillSync(piece)
  const [sha1, sha256] = [createHash('sha1'), createHash('sha256')]
  const file = openSync(path, 'w')
  for (let at = 0; at < sizeBytes; at += piece.length) {
    piece.writeUInt32LE(seed, 0)
    piece.writeUInt32LE(at / MIB, 4)
    const part = piece.subarray(0, Math.min(piece.length, sizeBytes - at))
    writeSync(file, part)
    sha1.update(part)
    sha256.update(part)
  }
  closeSync(file)
  return { path, sizeBytes, sha1: sha1.digest('hex'), sha256: sha256.digest('hex') }
}

/** Uploads the file; while the store has as many sessions as it takes, waits and asks again. */
async function upload(store, { path, sizeBytes, sha1, sha256 }) {
  let session
  while (!session) {
    session = await call(store, 'POST', '/api/uploads', { sha1, sha256, sizeBytes, kind: 'weights' }).catch((error) => {
      if (!error.message.includes(` ${BUSY} `)) throw error
      return wait(100 + 200 * Math.random()).then(() => undefined)
    })
  }
  const file = await open(path)
  try {
    const buffer = Buffer.alloc(PART_BYTES)
    for (let at = 0; at < sizeBytes; ) {
      const { bytesRead } = await file.read(buffer, 0, PART_BYTES, at)
      const part = buffer.subarray(0, bytesRead)
      const path = `/api/uploads/${session.id}`
      const { offset } = await call(store, 'PATCH', path, part, { 'upload-offset': `${at}` }).catch((error) => {
        // fetch: the connection broke, for example because it had been idle. An agent asks where it was, and goes on.
        if (!(error instanceof TypeError)) throw error
        broken++
        return call(store, 'GET', path)
      })
      at = offset
    }
  } finally {
    await file.close()
  }
  const committed = await call(store, 'POST', `/api/uploads/${session.id}/commit`)
  if (committed.sha1 !== sha1 || committed.sha256 !== sha256) throw new Error('the store committed other bytes')
}

const timed = async (work) => {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

/** What a person would do by hand: both digests, a copy, and a sync of it. */
function byHand(folder, { path }) {
  const copy = join(folder, 'copy')
  execFileSync('sha1sum', [path])
  execFileSync('sha256sum', [path])
  execFileSync('cp', [path, copy])
  execFileSync('sync', [copy])
}

/** One file of 256 MiB by both ways, in turn. */
async function compare(store, folder) {
  const ours = []
  const peer = []
  for (let round = 1; round <= ROUNDS; round++) {
    const file = makeFile(join(folder, 'file'), 256 * MIB, round)
    execFileSync('sync', [file.path])
    peer.push(await timed(() => byHand(folder, file)))
    ours.push(await timed(() => upload(store, file)))
  }
  return {
    uploadMs: median(ours),
    byHandMs: median(peer),
    speedRatio: median(peer) / median(ours),
    runs: { ours, peer },
  }
}

async function measureLarge(store, folder) {
  const file = makeFile(join(folder, 'file'), 2048 * MIB, 1000)
  const before = await store.restartProbe()
  const ms = await timed(() => upload(store, file))
  const { maxRssBytes, rssBytes, lagP99Ms } = await store.probe()
  return { ms, rssBeforeBytes: before.rssBytes, maxRssBytes, rssAfterBytes: rssBytes, lagP99Ms }
}

async function measureMany(store, folder, count) {
  const files = Array.from({ length: count }, (_, i) => makeFile(join(folder, `file${i}`), 50_000_000, 2000 + i))
  await store.restartProbe()
  broken = 0
  const ms = await timed(() => Promise.all(files.map((file) => upload(store, file))))
  const { maxRssBytes, lagP99Ms } = await store.probe()
  for (const { path } of files) await rm(path)
  return { count, ms, broken, maxRssBytes, lagP99Ms }
}

export async function measureUploads(folder, { uploads }) {
  const store = await startStore(join(folder, 'data'))
  const of256MiB = await compare(store, folder)
  const of2GiB = await measureLarge(store, folder)
  const manyOf50MB = await measureMany(store, folder, uploads)
  await store.end()
  return { of256MiB, of2GiB, manyOf50MB }
}
