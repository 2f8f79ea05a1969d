import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Create } from './contract.ts'
import { broken, declare, manual, noise, read, refusal, refusals, stream, textBytes, upload } from './fixture.ts'
import type { Blobs, NewBlob, Storage } from './storage.ts'

const HOUR_MS = 60 * 60 * 1000

/** What every implementation of upload sessions keeps. */
export function testSessions(create: Create): void {
  let storage: Storage
  let blobs: Blobs
  let nowMs = 0
  beforeEach(async () => {
    nowMs = Date.now()
    storage = await create({ maxBlobBytes: 100_000, maxUploads: 4, now: () => nowMs })
    blobs = storage.blobs
  })
  afterEach(() => storage.close())

  const bytes = textBytes('0123456789')
  const blob = declare(bytes)
  const begin = async (text: string): Promise<string> => {
    const { id } = await blobs.createUpload(blob)
    await blobs.appendUpload(id, 0, stream(textBytes(text)))
    return id
  }

  test('parts are put together, whatever their size', async () => {
    const large = noise(100_000)
    const { id, ...rest } = await blobs.createUpload(declare(large))
    expect(rest).toEqual({ sha1: declare(large).sha1, sizeBytes: 100_000, offset: 0, complete: false })
    let offset = 0
    for (const size of [1, 0, 65_536, 7, 34_456]) {
      const part = large.subarray(offset, offset + size)
      offset += size
      const session = await blobs.appendUpload(id, offset - size, stream(part.subarray(0, 5), part.subarray(5)))
      expect(session).toMatchObject({ id, offset, complete: false })
      expect(await blobs.findUpload(id)).toEqual(session)
    }
    expect(await blobs.find(declare(large).sha1)).toBeNull()
    await blobs.commitUpload(id)
    expect((await read(blobs, declare(large).sha1)).equals(large)).toBe(true)
    expect(await blobs.findUpload(id)).toMatchObject({ offset: 100_000, complete: true })
  })
  test.each([[100_001], [0], [-1], [1.5], [Number.NaN], [2 ** 53], [1e13]])(
    'a size of %s is refused',
    async (sizeBytes) => {
      expect((await refusal(blobs.createUpload({ ...blob, sizeBytes }))).code).toBe('E_TOO_LARGE')
    },
  )
  test('the first byte above the declared size is refused, what came before it is kept', async () => {
    const id = await begin('0123')
    const over = blobs.appendUpload(id, 4, stream(textBytes('456'), textBytes('789x'), textBytes('y')))
    expect((await refusal(over)).code).toBe('E_TOO_LARGE')
    expect((await blobs.findUpload(id)).offset).toBe(7)
    await blobs.appendUpload(id, 7, stream(textBytes('789')))
    expect((await refusal(blobs.appendUpload(id, 10, stream(textBytes('x'))))).code).toBe('E_TOO_LARGE')
    expect(await blobs.commitUpload(id)).toMatchObject({ sha1: blob.sha1 })
  })
  test.each([[0], [3], [5], [10], [-1], [4.5], [Number.NaN]])(
    'with 4 bytes there, offset %s is refused',
    async (offset) => {
      const id = await begin('0123')
      const refused = await refusal(blobs.appendUpload(id, offset, stream(textBytes('4'))))
      expect(refused).toMatchObject({ code: 'E_OFFSET', expected: '4' })
      expect((await blobs.findUpload(id)).offset).toBe(4)
    },
  )
  test('a body that breaks off leaves its bytes', async () => {
    const id = await begin('01')
    await expect(blobs.appendUpload(id, 2, broken(textBytes('23'), textBytes('4')))).rejects.toThrow('connection reset')
    expect((await blobs.findUpload(id)).offset).toBe(5)
    await blobs.appendUpload(id, 5, stream(textBytes('56789')))
    await blobs.commitUpload(id)
    expect(`${await read(blobs, blob.sha1)}`).toBe('0123456789')
  })
  test('a commit without all bytes is refused and changes nothing', async () => {
    const id = await begin('0123')
    expect(await refusal(blobs.commitUpload(id))).toEqual({ code: 'E_OFFSET', expected: '10', got: '4' })
    expect(await blobs.find(blob.sha1)).toBeNull()
    await blobs.appendUpload(id, 4, stream(textBytes('456789')))
    await blobs.commitUpload(id)
  })
  test.each<[string, Partial<NewBlob>, string]>([
    ['bytes', {}, '012345678X'],
    ['a sha1', { sha1: declare(textBytes('other')).sha1 }, '0123456789'],
    ['a sha256', { sha256: '0'.repeat(64) }, '0123456789'],
  ])('%s other than declared end the session', async (_, other, text) => {
    const { id } = await blobs.createUpload({ ...blob, ...other })
    await blobs.appendUpload(id, 0, stream(textBytes(text)))
    expect((await refusal(blobs.commitUpload(id))).code).toBe('E_DIGEST')
    expect((await refusal(blobs.findUpload(id))).code).toBe('E_NOT_FOUND')
    expect(await blobs.list()).toEqual([])
  })
  test('a commit may be repeated, one after the other or at once', async () => {
    const id = await begin('0123456789')
    const info = { sha1: blob.sha1, sha256: blob.sha256, sizeBytes: 10 }
    expect(await Promise.all([1, 2, 3].map(() => blobs.commitUpload(id)))).toEqual([info, info, info])
    expect(await blobs.commitUpload(id)).toEqual(info)
    expect((await refusal(blobs.appendUpload(id, 3, stream(bytes)))).code).toBe('E_OFFSET')
    await blobs.remove(blob.sha1)
    expect((await refusal(blobs.commitUpload(id))).code).toBe('E_NOT_FOUND')
  })
  test('a commit succeeds without its bytes when another session brought them', async () => {
    const id = await begin('0123')
    await upload(blobs, bytes)
    expect(await blobs.commitUpload(id)).toMatchObject({ sha1: blob.sha1 })
  })
  test.each([[''], ['none'], ['../x'], ['a/b'], ['.'], ['x'.repeat(5000)], [`complete-${'0'.repeat(40)}`]])(
    'there is no session %j',
    async (id) => {
      const calls = [blobs.findUpload(id), blobs.appendUpload(id, 0, stream(bytes)), blobs.commitUpload(id)]
      expect(await refusals(...calls)).toEqual(Array(3).fill('E_NOT_FOUND'))
    },
  )

  describe('with two writers', () => {
    test('the second is refused while the first is at work', async () => {
      const { id } = await blobs.createUpload(blob)
      const first = manual()
      const appended = blobs.appendUpload(id, 0, first.bytes)
      await first.asked(1)
      const refused = await refusal(blobs.appendUpload(id, 0, stream(bytes)))
      expect(refused).toMatchObject({ code: 'E_OFFSET', expected: '0' })
      first.send(bytes)
      first.send(null)
      expect((await appended).offset).toBe(10)
      await blobs.commitUpload(id)
    })
    test('the second takes over from one that is silent for 3 s, and goes on where that one stopped', async () => {
      const { id } = await blobs.createUpload(blob)
      const first = manual()
      const appended = refusal(blobs.appendUpload(id, 0, first.bytes))
      first.send(textBytes('0123'))
      await first.asked(2)
      nowMs += 2999
      expect((await refusal(blobs.appendUpload(id, 4, stream(bytes)))).code).toBe('E_OFFSET')
      nowMs += 1
      await blobs.appendUpload(id, 4, stream(textBytes('456789')))
      first.send(textBytes('XXXXXX'))
      expect((await appended).code).toBe('E_OFFSET')
      await blobs.commitUpload(id)
      expect(`${await read(blobs, blob.sha1)}`).toBe('0123456789')
    })
  })

  test('so many sessions may be open, no more', async () => {
    const ids: string[] = []
    for (let i = 0; i < 4; i++) ids.push((await blobs.createUpload(blob)).id)
    expect((await refusal(blobs.createUpload(blob))).code).toBe('E_TOO_MANY')
    await blobs.appendUpload(ids[0] ?? '', 0, stream(bytes))
    await blobs.commitUpload(ids[0] ?? '')
    const other = await blobs.createUpload(declare(textBytes('other')))
    expect((await refusal(blobs.createUpload(declare(textBytes('third'))))).code).toBe('E_TOO_MANY')
    nowMs += 25 * HOUR_MS
    await blobs.createUpload(declare(textBytes('third')))
    expect((await refusal(blobs.findUpload(other.id))).code).toBe('E_NOT_FOUND')
  })
  test('20 sessions asked for at once get 4 places', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => blobs.createUpload(blob)))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
  })
  test('a session lives for 24 h after its last byte', async () => {
    const { id } = await blobs.createUpload(blob)
    nowMs += 23 * HOUR_MS
    await blobs.appendUpload(id, 0, stream(textBytes('0123')))
    nowMs += 23 * HOUR_MS
    expect((await blobs.findUpload(id)).offset).toBe(4)
    nowMs += 2 * HOUR_MS
    const calls = [blobs.findUpload(id), blobs.appendUpload(id, 4, stream(bytes)), blobs.commitUpload(id)]
    expect(await refusals(...calls)).toEqual(Array(3).fill('E_NOT_FOUND'))
  })
}
