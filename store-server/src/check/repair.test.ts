import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { edit, line, put } from '../testing/damage.ts'
import { blobOf, contentOf, MADE, recordOf, useFilledFolder } from '../testing/dataFolder.ts'
import { startTestStore } from '../testing/testStore.ts'
import { type Finding, problemsOf, showFinding } from './finding.ts'
import { checkFolder } from './folder.ts'
import { repairFolder } from './repair.ts'

const filled = useFilledFolder()
const [FIRST = '', SECOND = ''] = MADE

type Change = (path: (name: string) => string, ids: { done: string; waiting: string }) => Promise<unknown>

async function changed(change: Change): Promise<{ folder: string; findings: Finding[] }> {
  const folder = await filled.copy()
  await change((name) => join(folder, name), filled.jobs())
  const before = await contentOf(folder)
  const findings = await checkFolder(folder)
  expect(await contentOf(folder), 'a check changes nothing').toEqual(before)
  return { folder, findings }
}

const NOTES: [string, Change, string, 'repaired' | 'left alone'][] = [
  [
    'a torn end of a log',
    async (at, { done }) => {
      const path = at(`jobs/${done}/log.log`)
      await writeFile(path, `${await readFile(path, 'utf8')}00000000 {"half`)
    },
    'jobs/DONE/log.log',
    'repaired',
  ],
  [
    'a temp file of a killed process',
    (at) => writeFile(at('registry.json.tmp'), '{"half'),
    'registry.json.tmp',
    'repaired',
  ],
  [
    'a temp file of the demo’s file',
    (at) => writeFile(at('deployed/pets/.current.77.tmp'), ''),
    'deployed/pets/.current.77.tmp',
    'repaired',
  ],
  [
    'a demo’s file of an older deployment',
    (at) =>
      edit(at('deployed/pets/current.json'), (value) => {
        Object.assign(value.deployment ?? {}, { revision: 1 })
      }),
    'deployed/pets/current.json',
    'repaired',
  ],
  ['no demo’s file', (at) => rm(at('deployed'), { recursive: true }), 'deployed/pets/current.json', 'repaired'],
  ['a lost record of weights', (at) => rm(at(recordOf(FIRST))), recordOf(FIRST), 'repaired'],
  ['a foreign file', (at) => put(at('jobs/notes.txt'), 'mine'), 'jobs/notes.txt', 'left alone'],
  [
    'a foreign file beside weights',
    (at) => put(at('blobs-v1/sha1/ab/readme'), 'mine'),
    'blobs-v1/sha1/ab/readme',
    'left alone',
  ],
  [
    'weights that no model names',
    async (at) => {
      await put(at(blobOf('a9993e364706816aba3e25717850c26c9cd0d89d')), 'abc')
      await put(
        at(recordOf('a9993e364706816aba3e25717850c26c9cd0d89d')),
        JSON.stringify({
          sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
          sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
          sizeBytes: 3,
        }),
      )
    },
    blobOf('a9993e364706816aba3e25717850c26c9cd0d89d'),
    'left alone',
  ],
  [
    'a log of a launch that was cut off',
    (at) => put(at('jobs/lost/log.log'), line({ trial: null })),
    'jobs/lost/log.log',
    'left alone',
  ],
  [
    'a model that does not know that it serves',
    (at) =>
      edit(at(`models/${SECOND}/model.json`), (value) => {
        Object.assign(Object(value.model).verdict, { code: 'not-better', deployed: false })
      }),
    `models/${SECOND}/model.json verdict`,
    'left alone',
  ],
  [
    'a damaged declaration of an upload',
    (at) => put(at('uploads/0123456789abcdefABCDEF/session.json'), '{'),
    'uploads/0123456789abcdefABCDEF/session.json',
    'left alone',
  ],
]
test.each(NOTES)('%s is noted, no problem, and a repair does what is safe', async (_, change, at, fate) => {
  const { folder, findings } = await changed(change)
  const place = at.replace('DONE', filled.jobs().done)
  expect(problemsOf(findings)).toEqual([])
  expect(
    findings.map((one) => one.at),
    findings.map(showFinding).join('\n'),
  ).toContain(place)
  const before = await contentOf(folder)
  await repairFolder(folder, findings)
  const left = (await checkFolder(folder)).map((one) => one.at)
  if (fate === 'repaired') expect(left).toEqual([])
  else expect(left).toContain(place)
  if (fate === 'left alone') expect(await contentOf(folder)).toMatchObject({ ...before })
})

test('a repair makes the same file for the demo as the store does', async () => {
  const { folder, findings } = await changed((at) => rm(at('deployed'), { recursive: true }))
  await repairFolder(folder, findings)
  const path = join(folder, 'deployed/pets/current.json')
  const repaired = await readFile(path, 'utf8')
  await rm(path)
  await (await startTestStore({ dataDir: folder })).close()
  expect(await readFile(path, 'utf8')).toBe(repaired)
})

test('a finding is one line without control characters, whatever a file is called', async () => {
  const { findings } = await changed((at) => put(at('jobs/\u001b[31mred\n\u202e'), ''))
  expect(findings.map(showFinding)).toEqual([
    'note jobs/\\u001b[31mred\\u000a\\u202e: expected a file of the store, got another one. It is not the store’s, and is left alone.',
  ])
})
