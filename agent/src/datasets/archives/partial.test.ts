import { spawnSync } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { sendFile } from '../testing/testData.ts'
import { type Bench, FILE, openBench, WHOLE } from '../testing/testDownload.ts'
import { ABANDONED_AFTER_MS, newOwner, validatorOf } from './partial.ts'

let bench: Bench | undefined
afterEach(async () => {
  await bench?.close()
  bench = undefined
})

/** A folder with an earlier download's partial file, and a server that has the whole file. */
async function openBenchWith(owner: string, bytes: Uint8Array): Promise<Bench> {
  bench = await openBench((request, response) => sendFile(request, response, FILE))
  await mkdir(bench.folder, { recursive: true })
  await writeFile(bench.partOf(owner), bytes)
  return bench
}

test('takes over at once what an ended process of this machine left', async () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  const owner = newOwner().replace(`-${process.pid}-`, `-${pid}-`)
  const bench = await openBenchWith(owner, FILE.subarray(0, 50_000))
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
  expect(bench.server.requests[0]?.range).toBe('bytes=50000-')
})

test.each([
  ['of this machine', newOwner()],
  ['of another machine', 'ffffffff-123-abc'],
])('leaves alone what a process %s is at work on, until it was silent for long', async (_, owner) => {
  const bench = await openBenchWith(owner, FILE.subarray(0, 50_000))
  await bench.get()
  expect(bench.server.requests[0]?.range).toBeUndefined()
  expect(await readdir(bench.folder)).toContain(basename(bench.partOf(owner)))
  await bench.get({ nowMs: Date.now() + 2 * ABANDONED_AFTER_MS })
  expect(await bench.result()).toEqual(WHOLE)
  expect(bench.server.requests[1]?.range).toBe('bytes=50000-')
})

test('a file that was whole but not yet checked when its process died is not fetched again', async () => {
  const bench = await openBenchWith('free', FILE)
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
  expect(bench.server.requests).toHaveLength(1)
})

test('leftovers that spoil the checksum are thrown away and everything is fetched once more', async () => {
  const bench = await openBenchWith('free', Buffer.alloc(50_000, 3))
  await bench.get()
  expect(await bench.result()).toEqual(WHOLE)
  expect(bench.server.requests.map(({ range }) => range)).toEqual(['bytes=50000-', undefined])
})

test.each([
  [{ etag: '"a"', 'last-modified': 'Thu, 04 Jun 2009 00:00:00 GMT' }, '"a"'],
  [{ etag: 'W/"a"', 'last-modified': 'Thu, 04 Jun 2009 00:00:00 GMT' }, 'Thu, 04 Jun 2009 00:00:00 GMT'],
  [{ etag: 'W/"a"' }, ''],
  [{ etag: `"${'a'.repeat(200)}"` }, ''],
  [{}, ''],
])('of the headers %j, If-Range may hold %j', (headers, validator) => {
  expect(validatorOf(headers)).toBe(validator)
})
