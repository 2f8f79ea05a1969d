import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStorage } from './embedded.ts'
import { refusal } from './fixture.ts'
import type { Logs, Storage } from './storage.ts'
import { useTestFolder, withFailpoint } from './testfolder.ts'

const folder = useTestFolder()
const JOURNAL = () => folder.path('journal-a.log')
const names = Array.from({ length: 10 }, (_, i) => `jobs/j${i}/log`)
const all = async (logs: Logs, name: string): Promise<unknown[]> =>
  (await logs.read(name, 0, 1000)).map(({ record }) => record)
const appendToAll = (logs: Logs, record: unknown) => Promise.all(names.map((name) => logs.append(name, [name, record])))

let copies = ''
beforeEach(async () => {
  copies = await mkdtemp(join(tmpdir(), 'pawprint-copies-'))
})
afterEach(() => rm(copies, { recursive: true, force: true }))

/** What a process that is killed now leaves behind, opened. */
async function afterKill(count: number): Promise<Storage> {
  const root = join(copies, `${count}`)
  await cp(folder.path(), root, { recursive: true, filter: (path) => !path.endsWith('/lock') })
  return openStorage(root, { keepFreeBytes: 0 })
}

test('records of many logs at once are in the journal, can be read there, and are moved to their own files at the end', async () => {
  await folder.life(async ({ logs }) => {
    await appendToAll(logs, 1)
    expect(await readFile(JOURNAL(), 'utf8')).toContain('{"name":"jobs/j9/log","first":1,"records":["jobs/j9/log",1]}')
    expect(existsSync(folder.path('jobs/j9/log.log'))).toBe(false)
    for (const name of names) {
      expect(await all(logs, name)).toEqual([name, 1])
      expect(await logs.read(name, 1, 9)).toEqual([{ number: 2, record: 1 }])
      expect(await logs.count(name)).toBe(2)
    }
    // Alone, a log takes what is its own out of the journal along.
    expect(await logs.append('jobs/j9/log', [2])).toBe(3)
    expect(await readFile(folder.path('jobs/j9/log.log'), 'utf8')).toMatch(
      /^\w{8} "jobs\/j9\/log"\n\w{8} 1\n\w{8} 2\n=\n$/,
    )
    expect(await logs.read('jobs/j9/log', 1, 1)).toEqual([{ number: 2, record: 1 }])
  })
  expect(await folder.files()).toEqual([...names.map((name) => `${name}.log`), 'layout'])
  await folder.life(async ({ logs }) => {
    for (const name of names.slice(0, 9)) expect(await all(logs, name)).toEqual([name, 1])
    expect(await all(logs, 'jobs/j9/log')).toEqual(['jobs/j9/log', 1, 2])
  })
})
test('what a killed process left in the journal goes on where the files end', async () => {
  const { logs } = await folder.open()
  await logs.append('jobs/j0/log', ['alone'])
  await appendToAll(logs, 1)
  await appendToAll(logs, 2)
  await logs.append('jobs/j1/log', ['moved'])
  const after = await afterKill(1)
  for (const name of names.slice(2)) expect(await all(after.logs, name)).toEqual([name, 1, name, 2])
  expect(await all(after.logs, names[0] ?? '')).toEqual(['alone', names[0], 1, names[0], 2])
  expect(await all(after.logs, names[1] ?? '')).toEqual([names[1], 1, names[1], 2, 'moved'])
  await after.close()
})
test('a torn end of the journal is cut, and damage before it is told', async () => {
  const { logs } = await folder.open()
  await appendToAll(logs, 1)
  const bytes = await readFile(JOURNAL())
  await writeFile(JOURNAL(), Buffer.concat([bytes, Buffer.from('0badc0de {"name":"jobs/j0')]))
  const after = await afterKill(1)
  expect(await all(after.logs, 'jobs/j9/log')).toEqual(['jobs/j9/log', 1])
  await after.close()
  const damaged = Buffer.from(bytes)
  damaged[100] = 0
  await writeFile(JOURNAL(), damaged)
  expect(await refusal(afterKill(2))).toMatchObject({ code: 'E_CORRUPT' })
})
test('records that the journal continues and that are gone are told', async () => {
  const { logs } = await folder.open()
  await logs.append('jobs/j0/log', ['gone'])
  await appendToAll(logs, 1)
  await rm(folder.path('jobs/j0/log.log'))
  expect(await refusal(afterKill(1))).toMatchObject({
    code: 'E_CORRUPT',
    expected: 'record 1',
    got: 'record 2 in the journal',
  })
})
test('a batch for many logs that does not fit the disk is kept for none of them', async () => {
  await folder.life(async ({ logs }) => {
    await appendToAll(logs, 1)
    const refused = await withFailpoint('log.write:ENOSPC', () =>
      Promise.all(names.map((name) => refusal(logs.append(name, ['too much'])))),
    )
    expect(refused.map(({ code }) => code)).toEqual(names.map(() => 'E_NO_SPACE'))
    await appendToAll(logs, 2)
  })
  await folder.life(async ({ logs }) => {
    for (const name of names) expect(await all(logs, name)).toEqual([name, 1, name, 2])
  })
})
test('a disk too full to move anything loses nothing, now or at the next start', async () => {
  const storage = await folder.open()
  await appendToAll(storage.logs, 1)
  await withFailpoint('log.write:ENOSPC', () => storage.close())
  await withFailpoint('log.write:ENOSPC', async () => {
    const after = await folder.open()
    for (const name of names) expect(await all(after.logs, name)).toEqual([name, 1])
    await appendToAll(after.logs, 2)
    await after.close()
  })
  await folder.life(async ({ logs }) => {
    for (const name of names) expect(await all(logs, name)).toEqual([name, 1, name, 2])
  })
})
test('megabytes go through both journals and are all in their files in the end', async () => {
  const text = 'x'.repeat(400_000)
  await folder.life(async ({ logs }) => {
    for (let i = 1; i <= 30; i++) await Promise.all(names.map((name) => logs.append(name, [`${i} ${text}`])))
  })
  expect((await folder.files()).filter((name) => name.startsWith('journal'))).toEqual([])
  await folder.life(async ({ logs }) => {
    const expected = Array.from({ length: 30 }, (_, i) => `${i + 1} ${text}`)
    for (const name of names) expect(await all(logs, name)).toEqual(expected)
  })
})

type Step = { readonly type: 'append'; readonly logs: number[] } | { readonly type: 'remove'; readonly log: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('append' as const), logs: fc.array(fc.nat(7), { maxLength: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), log: fc.nat(7) }) },
)

test('whatever is appended and removed, a process that is killed leaves what was acknowledged', async () => {
  let lives = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const expected = new Map<string, number[]>()
      const { logs } = await folder.open()
      for (const name of names) await logs.remove(name)
      let count = 0
      for (const one of steps) {
        if (one.type === 'remove') {
          expected.delete(`jobs/j${one.log}/log`)
          await logs.remove(`jobs/j${one.log}/log`)
          continue
        }
        await Promise.all(
          one.logs.map((log) => {
            const name = `jobs/j${log}/log`
            expected.set(name, [...(expected.get(name) ?? []), ++count])
            return logs.append(name, [count])
          }),
        )
      }
      const after = await afterKill(++lives)
      for (const name of names) expect(await all(after.logs, name)).toEqual(expected.get(name) ?? [])
      await after.close()
      await folder.close()
    }),
    { numRuns: 25 },
  )
})
