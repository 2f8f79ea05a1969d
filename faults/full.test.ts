// A disk that is really full, under a store that is a process of its own: it says so, keeps what it has, and goes on when there is room.
import { spawnSync } from 'node:child_process'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSafetensors } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { declare } from '../store-server/src/storage/fixture.ts'
import { call, fakeAgent, logRecord, metricRecord, refOf, reportOf } from '../store-server/src/testing/fakeAgent.ts'
import { collect } from './collect.ts'
import { type History, invoke, isPoint, lineOf } from './history.ts'
import { problemsOf } from './invariants.ts'
import { type StoreProcess, startStoreProcess } from './storeProcess.ts'

const DISK_BYTES = 6 * 1024 * 1024
const PART_BYTES = 1024 * 1024
const MOUNT = 'mount -t tmpfs -o size=6m,mode=0700 tmpfs "$0" && exec "$@"'

/** What runs a command with a small disk of its own at `folder`. Throws where nobody may mount. */
function withSmallDisk(folder: string): string[] {
  const ways = [
    ['unshare', '-m'],
    ['unshare', '-Urm'],
  ]
  const way = ways.find(([command = '', flag = '']) => spawnSync(command, [flag, 'true']).status === 0)
  if (way === undefined)
    throw new Error(
      'This test mounts a small tmpfs: run it as root, or where user namespaces are allowed (unshare -Urm true).',
    )
  return [...way, 'sh', '-c', MOUNT, folder]
}

/** A store on a disk of 6 MiB. `seen` is its folder as this process sees it. */
async function startSmall(): Promise<{ store: StoreProcess; seen: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-full-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'data')
  const { store, ended } = await startStoreProcess(dataDir, { under: withSmallDisk(folder), keepFreeBytes: 0 })
  if (store === null) throw new Error(`the store does not start: ${JSON.stringify(await ended)}`)
  onTestFinished(() => store.close())
  return { store, seen: `/proc/${store.pid}/root${dataDir}` }
}

/** Takes all the room that is left. */
async function fill(path: string): Promise<void> {
  for (const size of [65_536, 4096, 1])
    for (let isFull = false; !isFull; )
      await appendFile(path, Buffer.alloc(size)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOSPC') throw error
        isFull = true
      })
}

test('a full disk is told as such, what was there stays, and everything goes on once there is room', async () => {
  const { store, seen } = await startSmall()
  const filler = join(seen, '..', 'filler')
  const history: History = []
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  const launched = invoke(history, { type: 'launch', requestId: 'r' })
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets', requestId: 'r' })
  Object.assign(launched, { act: { type: 'launch', requestId: 'r', job: job.id }, outcome: 'ok' })
  const run = await agent.next('run')
  const bytes = writeSafetensors([
    { name: 'w', shape: [PART_BYTES / 2], data: new Float32Array(PART_BYTES / 2).fill(0.5) },
  ])
  const blob = declare(bytes)
  const { json: session } = await call(store, 'POST', '/api/uploads', blob)
  const patch = (offset: number, size: number) =>
    call(store, 'PATCH', `/api/uploads/${session.id}`, bytes.subarray(offset, offset + size), {
      'upload-offset': `${offset}`,
    })
  expect((await patch(0, PART_BYTES)).json).toMatchObject({ offset: PART_BYTES })

  // Room for a few records more, so that one of them is written in part.
  await appendFile(filler, Buffer.alloc(DISK_BYTES - PART_BYTES - 200_000)).catch(() => undefined)
  let first = 1
  const batch = (from: number) =>
    Array.from({ length: 32 }, (_, i) =>
      isPoint(from + i) ? metricRecord(from + i, 1) : logRecord(lineOf(1, from + i)),
    )
  const say = (from: number, peer = agent) => {
    const entry = invoke(history, { type: 'records', job: run.job, trial: 0, attempt: 1, first: from, last: from + 31 })
    return peer.answer(peer.records(run, from, batch(from))).then((answer) => {
      expect(answer.type).toBe('ack')
      entry.outcome = 'ok'
    })
  }
  const talk = async (): Promise<void> => {
    for (; first < 20_000; first += 32) await say(first)
  }
  await expect(talk()).rejects.toThrow('closed with 1013')
  await fill(filler)

  expect(await patch(PART_BYTES, PART_BYTES)).toMatchObject({ status: 507, json: { error: { code: 'E_NO_SPACE' } } })
  const { offset } = (await call(store, 'GET', `/api/uploads/${session.id}`)).json
  expect(offset).toBeGreaterThanOrEqual(PART_BYTES)
  for (const [method, path, body] of [
    ['POST', '/api/jobs', { notebook: 'pets' }],
    ['POST', '/api/notebooks/pets/config', { EPOCHS: 9 }],
    ['PUT', '/api/tasks/pets/pin', undefined],
  ] as const)
    expect(await call(store, method, path, body), path).toMatchObject({
      status: 507,
      json: { error: { code: 'E_NO_SPACE' } },
    })
  for (const path of ['/healthz', '/api/jobs', `/api/jobs/${job.id}/log`, '/api/models'])
    expect((await call(store, 'GET', path)).status, path).toBe(200)

  await rm(filler)
  const back = await fakeAgent(store, 'kernel')
  await back.join('pets', { attempts: [refOf(run)] })
  for (const from of [first, first + 32]) await say(from, back)
  const uploaded = invoke(history, { type: 'upload', sha1: blob.sha1 })
  expect((await patch(offset, bytes.length)).status).toBe(200)
  expect((await call(store, 'POST', `/api/uploads/${session.id}/commit`)).status).toBe(201)
  uploaded.outcome = 'ok'
  const done = invoke(history, { type: 'done', job: run.job, trial: 0, attempt: 1, sha1: blob.sha1 })
  expect(await back.answer(back.done(run, reportOf(blob.sha1, 0.5)))).toMatchObject({ type: 'ack' })
  done.outcome = 'ok'
  expect(problemsOf(history, await collect(store, seen, history, { ended: true }), { ended: true })).toEqual([])
})
