import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refusal } from './fixture.ts'
import { type Lock, lockFolder } from './lock.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-lock-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const isNumber = (name: string): boolean => /^\d+$/.test(name)

test('a held folder is refused with the pid of its holder, until it is released', async () => {
  const lock = await lockFolder(folder)
  const refused = await refusal(lockFolder(folder))
  expect(refused).toMatchObject({ code: 'E_LOCKED', got: `one held by process ${process.pid}` })
  await lock.release()
  await (await lockFolder(folder)).release()
})
test('a holder that retires is waited for, one that goes on is not', async () => {
  const lock = await lockFolder(folder)
  expect((await refusal(lockFolder(folder, 60_000))).code).toBe('E_LOCKED')
  lock.retire()
  // Who may not wait is refused, as long as the folder is held.
  expect((await refusal(lockFolder(folder))).code).toBe('E_LOCKED')
  expect((await refusal(lockFolder(folder, 1))).code).toBe('E_LOCKED')
  const next = lockFolder(folder, 60_000)
  const other = lockFolder(folder, 60_000)
  await lock.release()
  const results = await Promise.allSettled([next, other])
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  for (const result of results) if (result.status === 'fulfilled') await result.value.release()
})
test('of 20 that start at once exactly one holds, time after time', async () => {
  for (let round = 0; round < 10; round++) {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
    const held = results.flatMap((result): Lock[] => (result.status === 'fulfilled' ? [result.value] : []))
    expect(held).toHaveLength(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'E_LOCKED' })
    await held[0]?.release()
  }
  // One number is left behind, so that the next holder takes a higher one.
  expect((await readdir(folder)).filter(isNumber)).toHaveLength(1)
  expect((await readdir(folder)).length).toBe(1)
})
test('a lock in a folder with a very long path', async () => {
  const deep = join(folder, 'a'.repeat(120), 'b'.repeat(120), 'lock')
  await mkdir(deep, { recursive: true })
  const lock = await lockFolder(deep)
  expect((await refusal(lockFolder(deep))).code).toBe('E_LOCKED')
  await lock.release()
  await (await lockFolder(deep)).release()
  expect((await readdir(deep)).length).toBe(1)
})
test.each([
  ['zeros', '\0\0\0\0'],
  ['nothing', ''],
  ['a holder that is gone', '{"pid":1,"socket":"gone.socket"}'],
  ['a socket elsewhere', '{"pid":1,"socket":"../../x.socket"}'],
  ['another shape', '[]'],
])('a number with %s in it is followed, not obeyed', async (_, text) => {
  await writeFile(join(folder, '7'), text)
  const lock = await lockFolder(folder)
  expect((await readdir(folder)).filter(isNumber)).toEqual(['8'])
  await lock.release()
})
test('a plain file in the place of the socket is no holder', async () => {
  await writeFile(join(folder, '1'), '{"pid":1,"socket":"abc.socket"}')
  await writeFile(join(folder, 'abc.socket'), '')
  await (await lockFolder(folder)).release()
})
test('foreign files in the folder are left alone', async () => {
  await writeFile(join(folder, 'notes.txt'), '')
  await writeFile(join(folder, '01'), '')
  await (await lockFolder(folder)).release()
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['notes.txt', '01']))
})
test('a file in the place of the folder is an error', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(lockFolder(join(folder, 'file'))).rejects.toThrow('EEXIST')
})
