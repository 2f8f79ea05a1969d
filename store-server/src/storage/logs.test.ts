import { existsSync, readdirSync } from 'node:fs'
import { appendFile, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { refusal } from './fixture.ts'
import { useTestFolder, withFailpoint } from './testfolder.ts'

const folder = useTestFolder()
const FILE = () => folder.path('jobs/a/log.log')
/** Of this process; macOS has them under another name. */
const openFiles = (): number => readdirSync(existsSync('/proc/self/fd') ? '/proc/self/fd' : '/dev/fd').length
const line = (json: string): string => `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`

const append = (...batches: unknown[][]): Promise<void> =>
  folder.life(async ({ logs }) => {
    for (const batch of batches) await logs.append('jobs/a/log', batch)
  })
const records = (): Promise<unknown[]> =>
  folder.life(async ({ logs }) => (await logs.read('jobs/a/log', 0, 1000)).map(({ record }) => record))

test('what was appended behind a batch that did not fit the disk is not kept either, so that no log has a hole', async () => {
  await folder.life(async ({ logs }) => {
    await withFailpoint('log.write:ENOSPC', async () => {
      const first = refusal(logs.append('jobs/a/log', ['one']))
      // The first batch is on its way to the disk, where the failpoint waits, once these turns are over.
      for (let turn = 0; turn < 20; turn++) await null
      const second = refusal(logs.append('jobs/a/log', ['two']))
      expect(await Promise.all([first, second])).toMatchObject([{ code: 'E_NO_SPACE' }, { code: 'E_NO_SPACE' }])
    })
    expect(await logs.append('jobs/a/log', ['one', 'two'])).toBe(2)
  })
  expect(await records()).toEqual(['one', 'two'])
})
test('a log is lines of checksum and JSON, with a seal after each batch', async () => {
  await append(['one', 'two'], [3])
  // CRC-32 of `"one"` with its quotes, by Python's zlib.crc32.
  expect(await readFile(FILE(), 'utf8')).toBe(`91c55400 "one"\n${line('"two"')}=\n${line('3')}=\n`)
})
test('records are there after a restart, and numbers go on', async () => {
  await append(['one'], ['two', 'three'])
  await folder.life(async ({ logs }) => {
    expect(await logs.count('jobs/a/log')).toBe(3)
    expect(await logs.append('jobs/a/log', ['four'])).toBe(4)
  })
  expect(await records()).toEqual(['one', 'two', 'three', 'four'])
})
test.each([
  ['half a line', line('"torn"').slice(0, 9)],
  ['a line without its newline', line('"torn"').slice(0, -1)],
  ['a wrong checksum', `00000000 "torn"\n`],
  ['zeros', '\0'.repeat(5000)],
  ['a hole in a batch', `\0\0\0\0\n${line('"whole"')}`],
  ['half a seal', '='],
])('a tail of %s is cut', async (_, tail) => {
  await append(['one', 'two'])
  const { size } = await stat(FILE())
  await appendFile(FILE(), tail)
  expect(await records()).toEqual(['one', 'two'])
  expect((await stat(FILE())).size).toBe(size)
  await append(['three'])
  expect(await records()).toEqual(['one', 'two', 'three'])
})
test('whole lines of a batch that a killed process never sealed are kept', async () => {
  await append(['one'])
  await appendFile(FILE(), `${line('"two"')}${line('"thr')}`.slice(0, -1))
  expect(await records()).toEqual(['one', 'two'])
})
test('every byte at which a batch may be cut leaves a beginning of it', async () => {
  await append(['one'], ['two', 'three'])
  const bytes = await readFile(FILE())
  const expected = ['one', 'two', 'three']
  for (let size = bytes.length; size >= 0; size--) {
    await writeFile(FILE(), bytes.subarray(0, size))
    const kept = await records()
    expect(kept).toEqual(expected.slice(0, kept.length))
    if (size === bytes.length) expect(kept).toHaveLength(3)
    if (size === 0) expect(kept).toHaveLength(0)
  }
})
test('any flipped bit before a seal is told, and the file is left as it is', async () => {
  await append(['one', 'two'], ['three'])
  const bytes = await readFile(FILE())
  // All but the last line, a seal: without it the last batch only looks unsealed, and nothing is lost.
  for (let at = 0; at < bytes.length - 2; at++) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    await writeFile(FILE(), damaged)
    expect(await refusal(records()), `byte ${at}`).toMatchObject({ code: 'E_CORRUPT' })
    expect(await readFile(FILE())).toEqual(damaged)
  }
  await writeFile(FILE(), Buffer.concat([bytes.subarray(0, -2), Buffer.from('<\n')]))
  expect(await records()).toEqual(['one', 'two', 'three'])
})
test('damage is told also while the log is open, and only where it is', async () => {
  const { logs } = await folder.open()
  for (let i = 0; i < 10; i++)
    await logs.append(
      'jobs/a/log',
      Array.from({ length: 100 }, (_, n) => ({ n: i * 100 + n + 1 })),
    )
  const handle = await open(FILE(), 'r+')
  await handle.write('x', 30)
  await handle.close()
  logs.release('jobs/a/log')
  expect((await refusal(logs.read('jobs/a/log', 0, 10))).code).toBe('E_CORRUPT')
  // The tail is read from its own place: were the file read from the start, the damage would be met.
  const tail = await logs.read('jobs/a/log', 990, 1000)
  expect(tail.map(({ number }) => number)).toEqual([991, 992, 993, 994, 995, 996, 997, 998, 999, 1000])
  await truncate(FILE(), 100)
  expect((await refusal(logs.read('jobs/a/log', 990, 1000))).code).toBe('E_CORRUPT')
})
test('a log whose file was taken away reads as empty once it is not in memory any more', async () => {
  const { logs } = await folder.open()
  await logs.append('jobs/a/log', [1])
  await rm(FILE())
  expect(await logs.read('jobs/a/log', 0, 10)).toEqual([{ number: 1, record: 1 }])
  logs.release('jobs/a/log')
  expect(await logs.read('jobs/a/log', 0, 10)).toEqual([])
})
test('a full disk takes back the whole batch, and the log goes on when there is space', async () => {
  const { logs } = await folder.open()
  await logs.append('jobs/a/log', ['one'])
  const { size } = await stat(FILE())
  for (const place of ['log.write', 'log.beforeSync']) {
    const refused = await withFailpoint(`${place}:ENOSPC`, () => refusal(logs.append('jobs/a/log', ['two', 'three'])))
    expect(refused.code).toBe('E_NO_SPACE')
    expect((await stat(FILE())).size).toBe(size)
    expect(await logs.count('jobs/a/log')).toBe(1)
  }
  expect(await logs.append('jobs/a/log', ['four'])).toBe(2)
  expect(await logs.read('jobs/a/log', 0, 9)).toMatchObject([{ record: 'one' }, { record: 'four' }])
})
test('hundreds of logs written at once do not need hundreds of open files', async () => {
  const { logs } = await folder.open()
  const names = Array.from({ length: 300 }, (_, i) => `jobs/j${i}/log`)
  let most = 0
  const watch = async (name: string): Promise<void> => {
    await logs.append(name, [name])
    most = Math.max(most, openFiles())
  }
  await Promise.all(names.map(watch))
  expect(most).toBeLessThan(100)
  expect(await Promise.all(names.map((name) => logs.count(name)))).toEqual(names.map(() => 1))
})
