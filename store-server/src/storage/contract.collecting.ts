import type { Sha1 } from '@pawprint/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Create } from './contract.ts'
import { declare, read, refusal, stream, textBytes, upload } from './fixture.ts'
import type { Blobs, Storage } from './storage.ts'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
const NOBODY: ReadonlySet<Sha1> = new Set()

/** What every implementation of Blobs keeps about blobs that nobody needs. */
export function testCollecting(create: Create): void {
  let storage: Storage
  let blobs: Blobs
  let nowMs = 0
  beforeEach(async () => {
    nowMs = Date.now()
    storage = await create({ now: () => nowMs })
    blobs = storage.blobs
  })
  afterEach(() => storage.close())

  const bytes = textBytes('0123456789')
  const blob = declare(bytes)
  const { sha1 } = blob
  const isThere = async (): Promise<boolean> => (await blobs.find(sha1)) !== null

  test('what nobody needs goes when its grace is over, and can be uploaded again', async () => {
    const { sha1: needed } = await upload(blobs, textBytes('needed'))
    await upload(blobs, bytes)
    nowMs += 23 * HOUR_MS
    expect(await blobs.collect(NOBODY, DAY_MS)).toEqual([])
    nowMs += 2 * HOUR_MS
    expect(await blobs.collect(new Set([needed]), DAY_MS)).toEqual([{ sha1, sizeBytes: 10 }])
    expect(await blobs.list()).toEqual([needed])
    expect((await refusal(read(blobs, sha1))).code).toBe('E_NOT_FOUND')
    expect(`${await read(blobs, needed)}`).toBe('needed')
    expect(await blobs.collect(new Set([needed]), DAY_MS)).toEqual([])
    expect(await blobs.scrub()).toEqual([])
    await upload(blobs, bytes)
    expect(`${await read(blobs, sha1)}`).toBe('0123456789')
  })
  test('a clock that was put back removes nothing', async () => {
    await upload(blobs, bytes)
    nowMs -= 1000 * HOUR_MS
    expect(await blobs.collect(NOBODY, DAY_MS)).toEqual([])
  })
  test('claiming answers what is found, and null for what is not there', async () => {
    expect(await blobs.claim(sha1)).toBeNull()
    const info = await upload(blobs, bytes)
    expect(await blobs.claim(sha1)).toEqual(info)
  })
  test.each<[string, () => Promise<unknown>]>([
    ['claimed', () => blobs.claim(sha1)],
    ['found complete by an upload', () => blobs.createUpload(blob)],
    ['committed again', () => blobs.commitUpload(`complete-${sha1}`)],
  ])('a blob that was %s is as new as one committed now', async (_, renew) => {
    await upload(blobs, bytes)
    nowMs += 23 * HOUR_MS
    await renew()
    nowMs += 23 * HOUR_MS
    expect(await blobs.collect(NOBODY, DAY_MS)).toEqual([])
    expect(`${await read(blobs, sha1)}`).toBe('0123456789')
    nowMs += 2 * HOUR_MS
    expect(await blobs.collect(NOBODY, DAY_MS)).toEqual([{ sha1, sizeBytes: 10 }])
  })
  test('looking at a blob does not keep it', async () => {
    await upload(blobs, bytes)
    nowMs += 25 * HOUR_MS
    await blobs.find(sha1)
    await read(blobs, sha1)
    expect(await blobs.collect(NOBODY, DAY_MS)).toHaveLength(1)
  })
  test('an upload under way finishes, though another one of the same bytes was collected meanwhile', async () => {
    const { id } = await blobs.createUpload(blob)
    await upload(blobs, bytes)
    await blobs.appendUpload(id, 0, stream(bytes.subarray(0, 4)))
    nowMs += 23 * HOUR_MS
    await blobs.appendUpload(id, 4, stream(bytes.subarray(4, 6)))
    nowMs += 2 * HOUR_MS
    await blobs.collect(NOBODY, DAY_MS)
    await blobs.appendUpload(id, 6, stream(bytes.subarray(6)))
    expect(await blobs.commitUpload(id)).toMatchObject({ sha1 })
    expect(await blobs.collect(NOBODY, DAY_MS)).toEqual([])
    expect(`${await read(blobs, sha1)}`).toBe('0123456789')
  })
  test('whatever comes between, what was answered as there is there after a collection', async () => {
    // Each answers whether the store said that the bytes are here.
    const deeds: readonly (() => Promise<boolean>)[] = [
      async () => (await blobs.claim(sha1)) !== null,
      async () => (await blobs.createUpload(blob)).complete,
      async () => (await upload(blobs, bytes)).sha1 === sha1,
      async () => (await blobs.collect(NOBODY, DAY_MS)).length < 0,
      async () => (await blobs.collect(NOBODY, DAY_MS)).length < 0,
    ]
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, isOld) => {
        if (isOld) await upload(blobs, bytes)
        // Sessions that a run left open are stale by then.
        nowMs += 25 * HOUR_MS
        const said = Promise.all(
          deeds.map(async (deed) => {
            await scheduler.schedule(Promise.resolve())
            return deed()
          }),
        )
        await scheduler.waitAll()
        if ((await said).includes(true)) expect(await isThere()).toBe(true)
        expect(await blobs.scrub()).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
}
