import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testCollecting } from './contract.collecting.ts'
import { testSessions } from './contract.sessions.ts'
import type { Create } from './contract.ts'
import { declare, noise, read, refusal, SHATTERED, stream, textBytes, upload } from './fixture.ts'
import type { Blobs, NewBlob, Storage } from './storage.ts'

/** What every implementation of Blobs keeps. */
export function testBlobs(create: Create): void {
  let storage: Storage
  let blobs: Blobs
  beforeEach(async () => {
    storage = await create()
    blobs = storage.blobs
  })
  afterEach(() => storage.close())

  const abc = declare(textBytes('abc'))
  const absent = declare(textBytes('absent')).sha1

  test('a blob is found and read by its sha1, as of FIPS 180', async () => {
    const info = await upload(blobs, textBytes('abc'))
    expect(info).toEqual({
      sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      sizeBytes: 3,
    })
    expect(await blobs.find(info.sha1)).toEqual(info)
    expect(`${await read(blobs, info.sha1)}`).toBe('abc')
  })
  test('a blob larger than any buffer comes back byte for byte', async () => {
    const bytes = noise(3_000_001)
    const { sha1 } = await upload(blobs, bytes)
    expect((await read(blobs, sha1)).equals(bytes)).toBe(true)
    expect((await read(blobs, sha1, 1_999_999, 2_000_002)).equals(bytes.slice(1_999_999, 2_000_002))).toBe(true)
  })
  test.each([
    [0, 10, '0123456789'],
    [0, 0, ''],
    [3, 5, '34'],
    [9, 99, '9'],
    [10, 11, ''],
    [50, 60, ''],
    [7, undefined, '789'],
    [undefined, 2, '01'],
  ])('bytes %s to %s are %j', async (start, end, text) => {
    const { sha1 } = await upload(blobs, textBytes('0123456789'))
    expect(`${await read(blobs, sha1, start, end)}`).toBe(text)
  })
  test('a blob that is not there is null, and cannot be read', async () => {
    expect(await blobs.find(absent)).toBeNull()
    expect((await refusal(read(blobs, absent))).code).toBe('E_NOT_FOUND')
    await blobs.remove(absent)
  })
  test('a removed blob is gone, and can be uploaded again', async () => {
    const { sha1 } = await upload(blobs, textBytes('abc'))
    await blobs.remove(sha1)
    expect(await blobs.find(sha1)).toBeNull()
    expect((await refusal(read(blobs, sha1))).code).toBe('E_NOT_FOUND')
    expect(await blobs.list()).toEqual([])
    await upload(blobs, textBytes('abc'))
    expect(`${await read(blobs, sha1)}`).toBe('abc')
  })
  test('all blobs are listed, sorted, and a scrub finds nothing wrong', async () => {
    const names = []
    for (let i = 0; i < 20; i++) names.push((await upload(blobs, textBytes(`blob ${i}`))).sha1)
    expect(await blobs.list()).toEqual(names.sort())
    expect(await blobs.scrub()).toEqual([])
    expect(await blobs.find(names[0] ?? absent)).not.toBeNull()
  })
  test('a blob that is there needs no bytes', async () => {
    await upload(blobs, textBytes('abc'))
    const session = await blobs.createUpload(abc)
    expect(session).toEqual({ id: session.id, sha1: abc.sha1, sizeBytes: 3, offset: 3, complete: true })
    expect(session.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
    expect(await blobs.findUpload(session.id)).toEqual(session)
    expect(await blobs.appendUpload(session.id, 3, stream())).toEqual(session)
    expect(await refusal(blobs.appendUpload(session.id, 0, stream(textBytes('abc'))))).toMatchObject({
      code: 'E_OFFSET',
      expected: '3',
    })
    expect(await blobs.commitUpload(session.id)).toMatchObject({ sha1: abc.sha1, sizeBytes: 3 })
    await blobs.remove(abc.sha1)
    expect((await refusal(blobs.commitUpload(session.id))).code).toBe('E_NOT_FOUND')
  })
  test('20 uploads of one blob at once all succeed and leave one', async () => {
    const bytes = noise(200_000)
    const sessions = await Promise.all(Array.from({ length: 20 }, () => blobs.createUpload(declare(bytes))))
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(20)
    const infos = await Promise.all(
      sessions.map(async ({ id }) => {
        await blobs.appendUpload(id, 0, stream(bytes.subarray(0, 70_000)))
        await blobs.appendUpload(id, 70_000, stream(bytes.subarray(70_000)))
        return blobs.commitUpload(id)
      }),
    )
    expect(new Set(infos.map((info) => JSON.stringify(info))).size).toBe(1)
    expect(await blobs.list()).toEqual([declare(bytes).sha1])
    expect((await read(blobs, declare(bytes).sha1)).equals(bytes)).toBe(true)
  })

  describe('of two files with one sha1', () => {
    const [first = textBytes(''), second = textBytes('')] = SHATTERED
    test('(which there are)', () => {
      expect(declare(first).sha1).toBe('f92d74e3874587aaf443d1db961d4e26dde13e9c')
      expect(declare(second).sha1).toBe('f92d74e3874587aaf443d1db961d4e26dde13e9c')
      expect(declare(second).sha256).not.toBe(declare(first).sha256)
    })
    test('the second is refused before it is sent', async () => {
      await upload(blobs, first)
      expect((await refusal(blobs.createUpload(declare(second)))).code).toBe('E_COLLISION')
      expect((await read(blobs, declare(first).sha1)).equals(first)).toBe(true)
    })
    test('the second is refused at its commit, when both were sent at once', async () => {
      const { id } = await blobs.createUpload(declare(second))
      await blobs.appendUpload(id, 0, stream(second))
      await upload(blobs, first)
      expect((await refusal(blobs.commitUpload(id))).code).toBe('E_COLLISION')
      expect((await refusal(blobs.findUpload(id))).code).toBe('E_NOT_FOUND')
      expect((await read(blobs, declare(first).sha1)).equals(first)).toBe(true)
    })
    test('both committed at once, exactly one wins', async () => {
      const ids = await Promise.all(
        [first, second].map(async (bytes) => {
          const { id } = await blobs.createUpload(declare(bytes))
          await blobs.appendUpload(id, 0, stream(bytes))
          return id
        }),
      )
      const results = await Promise.allSettled(ids.map((id) => blobs.commitUpload(id)))
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const winner = results[0]?.status === 'fulfilled' ? first : second
      expect((await read(blobs, declare(first).sha1)).equals(winner)).toBe(true)
    })
  })
  test.each<[string, Partial<NewBlob>]>([
    ['sha256', { sha256: 'f'.repeat(64) }],
    ['size', { sizeBytes: 4 }],
  ])('a known sha1 with another %s is refused', async (_, other) => {
    await upload(blobs, textBytes('abc'))
    expect((await refusal(blobs.createUpload({ ...abc, ...other }))).code).toBe('E_COLLISION')
  })

  describe('upload sessions', () => testSessions(create))
  describe('collecting', () => testCollecting(create))
}
