import { chmod, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { edit, flip, line } from '../testing/damage.ts'
import { blobOf, contentOf, MADE, newFolder, useFilledFolder } from '../testing/dataFolder.ts'
import { problemsOf, showFinding } from './finding.ts'
import { checkFolder } from './folder.ts'

const filled = useFilledFolder()
const [FIRST = '', SECOND = ''] = MADE

type Change = (path: (name: string) => string, ids: { done: string; waiting: string }) => Promise<unknown>

test('what a store leaves behind is clean, and a check of it changes nothing', async () => {
  const told: string[] = []
  const folder = await filled.copy()
  const before = await contentOf(folder)
  expect(await checkFolder(folder, { onProgress: (...at) => told.push(at.join(' ')) })).toEqual([])
  expect(await contentOf(folder)).toEqual(before)
  expect(told).toContain('weights 3 3')
})

const job = (id: string) => `jobs/${id}/job.json`
const PROBLEMS: [string, Change, string, RegExp][] = [
  ['one flipped bit of weights', (at) => flip(at(blobOf(FIRST)), 30), blobOf(FIRST), /^bytes with sha1 .* needed by/],
  ['weights cut short', (at) => truncate(at(blobOf(FIRST)), 50), blobOf(FIRST), /^bytes with sha1/],
  ['weights that are gone', (at) => rm(at(blobOf(SECOND))), blobOf(SECOND), /^weights, needed by deployment 2 of pets/],
  [
    'a link in the place of weights',
    async (at) => {
      await rename(at(blobOf(FIRST)), at('../elsewhere'))
      await symlink(at('../elsewhere'), at(blobOf(FIRST)))
    },
    blobOf(FIRST),
    /^a plain file/,
  ],
  [
    'a folder in the place of weights',
    async (at) => {
      await rm(at(blobOf(FIRST)))
      await mkdir(at(blobOf(FIRST)))
    },
    blobOf(FIRST),
    /^a plain file/,
  ],
  [
    'a model of another size than its weights',
    (at) =>
      edit(at(`models/${FIRST}/model.json`), (value) => {
        Object.assign(value.model ?? {}, { sizeBytes: 5 })
      }),
    `models/${FIRST}/model.json`,
    /^5 bytes, sha256/,
  ],
  ['an empty document', (at, { done }) => truncate(at(job(done)), 0), 'jobs/DONE/job.json', /^a JSON document/],
  [
    'a document of another shape',
    (at) => writeFile(at(`models/${FIRST}/model.json`), '{}'),
    `models/${FIRST}/model.json`,
    /./,
  ],
  [
    'a lost model',
    (at) => rm(at(`models/${FIRST}`), { recursive: true }),
    'deployments/pets.log record 1',
    /^a known model/,
  ],
  ['a lost topology', (at) => rm(at(`models/${FIRST}/details.json`)), `models/${FIRST}/details.json`, /^the topology/],
  ['a lost registry', (at) => rm(at('registry.json')), 'registry.json', /^the registry of/],
  [
    'a registry of a newer version',
    (at) => edit(at('registry.json'), (value) => Object.assign(value, { version: 9 })),
    'registry.json',
    /^1 \(another version/,
  ],
  [
    'a registry without the task',
    (at) => edit(at('registry.json'), (value) => Object.assign(value, { tasks: [] })),
    'deployments/pets.log',
    /^a task of the registry/,
  ],
  [
    'a flipped bit in a log',
    (at, { done }) => flip(at(`jobs/${done}/log.log`), 20),
    'jobs/DONE/log.log',
    /^the checksum of record 1/,
  ],
  [
    'a log that lost its end',
    (at, { done }) => truncate(at(`jobs/${done}/log.log`), 0),
    'jobs/DONE/log.log',
    /^at least the 10 lines/,
  ],
  [
    'a line twice in a log',
    async (at, { done }) => {
      const path = at(`jobs/${done}/log.log`)
      const twice = (await readFile(path, 'utf8')).split('\n').find((text) => text.includes('"two"'))
      await writeFile(path, `${await readFile(path, 'utf8')}${twice}\n=\n`)
    },
    'jobs/DONE/log.log record 11',
    /^a number above 3 in attempt 1 of trial 0/,
  ],
  [
    'a line of an attempt that never was',
    async (at, { done }) => {
      const path = at(`jobs/${done}/metrics.log`)
      await writeFile(path, `${await readFile(path, 'utf8')}${line({ trial: 0, attempt: 2, n: 1 })}=\n`)
    },
    'jobs/DONE/metrics.log record 4',
    /^an attempt that the job has made/,
  ],
  [
    'a gap in the history',
    async (at) => {
      const lines = (await readFile(at('deployments/pets.log'), 'utf8')).split('\n')
      await writeFile(at('deployments/pets.log'), lines.slice(2).join('\n'))
    },
    'deployments/pets.log record 1',
    /^revision 1$/,
  ],
  [
    'a job in another state than its trials',
    (at, { done }) =>
      edit(at(job(done)), (value) => {
        Object.assign(value.job ?? {}, { state: 'running' })
      }),
    'jobs/DONE/job.json state',
    /^done, as its trials say/,
  ],
  [
    'a trial without its lease',
    (at, { done }) =>
      edit(at(job(done)), (value) => {
        Object.assign(value, { leases: [[], ...Array.from(value.leases ?? []).slice(1)] })
      }),
    'jobs/DONE/job.json trials[0].attempt',
    /^as many as the 0 leases/,
  ],
  [
    'two jobs with one number',
    (at, { waiting }) =>
      edit(at(job(waiting)), (value) => {
        Object.assign(value.job ?? {}, { number: 1 })
      }),
    '',
    /^a number of its own/,
  ],
  [
    'a job under another id',
    (at, { done }) => rename(at(`jobs/${done}`), at('jobs/other')),
    'jobs/other/job.json id',
    /^other$/,
  ],
  ['a token that others may read', async (at) => chmod(at('token'), 0o644), 'token', /^mode 600/],
]
test.each(PROBLEMS)('%s is a problem, told with its place', async (_, change, at, expected) => {
  const folder = await filled.copy()
  await change((name) => join(folder, name), filled.jobs())
  const before = await contentOf(folder)
  const findings = await checkFolder(folder)
  expect(await contentOf(folder), 'a check changes nothing').toEqual(before)
  const place = at.replace('DONE', filled.jobs().done)
  const found = problemsOf(findings).filter((one) => (place === '' || one.at === place) && expected.test(one.expected))
  expect(found, findings.map(showFinding).join('\n')).toHaveLength(1)
  expect(found[0]?.advice).toMatch(/\w/)
})

test('what is no data folder is refused, and so is another layout', async () => {
  const folder = await newFolder()
  await expect(checkFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'E_NOT_FOUND', got: 'no folder' })
  await expect(checkFolder(folder)).rejects.toMatchObject({ code: 'E_NOT_FOUND', got: 'an empty folder' })
  await writeFile(join(folder, 'photo.jpg'), '')
  await expect(checkFolder(folder)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  const copy = await filled.copy()
  await writeFile(join(copy, 'layout'), '2\n')
  await expect(checkFolder(copy)).rejects.toMatchObject({ code: 'E_CORRUPT', expected: 'layout 1', got: '"2"' })
})
