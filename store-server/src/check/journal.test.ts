import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStorage } from '../storage/embedded.ts'
import { contentOf, MADE, newFolder, useFilledFolder } from '../testing/dataFolder.ts'
import { problemsOf } from './finding.ts'
import { checkFolder } from './folder.ts'

const filled = useFilledFolder()
const [FIRST = ''] = MADE
const time = '2026-01-02T03:04:05.000Z'
const line = { trial: null, attempt: 0, n: 0, time, level: 'info', text: 'said by the store' }
const deployment = { task: 'pets', revision: 3, sha1: FIRST, at: time, by: 'person', reason: 'chosen by a person' }

/** What a killed store leaves when it wrote to so many logs at once that their records are in the journal alone. */
async function leftBehind(): Promise<string> {
  const [data, left] = [await filled.copy(), join(await newFolder(), 'data')]
  const storage = await openStorage(data)
  const { done, waiting } = filled.jobs()
  const names = [`jobs/${done}/log`, `jobs/${waiting}/log`, 'a', 'b', 'c']
  const appends = names.map((name) => storage.logs.append(name, [line]))
  await Promise.all([...appends, storage.logs.append('deployments/pets', [deployment])])
  await cp(data, left, { recursive: true, filter: (path) => !path.endsWith('/lock') })
  await storage.close()
  return left
}

test('records that only the journal holds count, and a check leaves them there', async () => {
  const folder = await leftBehind()
  expect(await readFile(join(folder, 'journal-a.log'), 'utf8')).toContain('"name":"deployments/pets","first":3')
  const before = await contentOf(folder)
  const findings = await checkFolder(folder)
  expect(problemsOf(findings)).toEqual([])
  expect(findings.find(({ at }) => at === 'deployed/pets/current.json')?.expected).toBe(
    `the record of revision 3 of ${FIRST}`,
  )
  expect(await contentOf(folder)).toEqual(before)
})

test('a log that the journal continues and that is gone is a problem, and so is a damaged journal', async () => {
  const folder = await leftBehind()
  const { waiting } = filled.jobs()
  await rm(join(folder, `jobs/${waiting}/log.log`))
  expect(problemsOf(await checkFolder(folder))).toMatchObject([
    { at: `jobs/${waiting}/log.log`, expected: 'record 1', got: 'record 2 in the journal' },
  ])
  const journal = await readFile(join(folder, 'journal-a.log'))
  journal[20] = (journal[20] ?? 0) ^ 1
  await writeFile(join(folder, 'journal-a.log'), journal)
  expect(problemsOf(await checkFolder(folder)).map(({ at }) => at)).toContain('journal-a.log')
})
