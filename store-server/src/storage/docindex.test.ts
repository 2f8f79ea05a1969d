import { mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Documents, Kind } from './storage.ts'
import { useTestFolder } from './testfolder.ts'

const folder = useTestFolder()
const INDEX = () => folder.path('index/jobs-job-1')
const ids = Array.from({ length: 100 }, (_, i) => `j${i}`)

/** Which documents had to be read from their own files, since the index did not have them. */
async function readAll(documents: Documents, version = 1) {
  const opened: string[] = []
  const kind: Kind<number> = {
    folder: 'jobs',
    leaf: 'job',
    version,
    summarize(name, value) {
      opened.push(name)
      return { summary: Number(Object(value).n), record: Object(value) }
    },
  }
  const found = new Map<string, number>()
  for await (const some of documents.readAll(kind))
    for (const { name, summary, bytes } of some) {
      expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({ n: summary })
      found.set(name, summary)
    }
  return { opened: opened.sort(), found }
}
const expected = new Map(ids.map((id, n) => [`jobs/${id}/job`, n]))
const fill = () =>
  folder.life(async ({ documents }) => {
    await documents.write('registry', {})
    await Promise.all(ids.map((id, n) => documents.write(`jobs/${id}/job`, { n })))
    await readAll(documents)
  })
const start = () => folder.life(({ documents }) => readAll(documents))

test('a start opens no document that the index knows', async () => {
  await fill()
  expect(await start()).toEqual({ opened: [], found: expected })
})
test('what changed while the store ran is in the index when it ends; what a kill left out is read from the documents', async () => {
  await fill()
  await folder.life(async ({ documents }) => {
    await readAll(documents)
    await documents.write('jobs/j7/job', { n: 700 })
    await documents.write('jobs/new/job', { n: 800 })
    await documents.remove('jobs/j8/job')
  })
  const changed = new Map([...expected, ['jobs/j7/job', 700], ['jobs/new/job', 800]] as const)
  changed.delete('jobs/j8/job')
  expect(await start()).toEqual({ opened: [], found: changed })
  // A store that never read them all, as a killed one, leaves the index as it was.
  await folder.life(({ documents }) => documents.write('jobs/j7/job', { n: 701 }))
  expect(await start()).toEqual({ opened: ['jobs/j7/job'], found: changed.set('jobs/j7/job', 701) })
  expect(await start()).toEqual({ opened: [], found: changed })
})
test('a document that a person changed, even to the same size, counts as it is', async () => {
  await fill()
  const path = folder.path('jobs/j10/job.json')
  await writeFile(path, (await readFile(path, 'utf8')).replace('10', '99'))
  expect(await start()).toEqual({ opened: ['jobs/j10/job'], found: new Map([...expected, ['jobs/j10/job', 99]]) })
})
test.each([
  ['is gone', () => rm(INDEX())],
  ['is empty', () => truncate(INDEX(), 0)],
  ['is no index', () => writeFile(INDEX(), 'x'.repeat(3_000_000))],
  ['is a folder', () => rm(INDEX()).then(() => mkdir(INDEX()))],
  ['is of another version', async () => {}],
])('an index that %s is made anew from the documents', async (what, spoil) => {
  await fill()
  await spoil()
  const version = what === 'is of another version' ? 2 : 1
  const read = await folder.life(({ documents }) => readAll(documents, version))
  expect(read).toEqual({ opened: [...expected.keys()].sort(), found: expected })
})
test('a damaged line costs its own document only, wherever the damage is', async () => {
  await fill()
  const bytes = await readFile(INDEX())
  for (let at = 0; at < bytes.length; at += 97) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    await writeFile(INDEX(), damaged)
    const { opened, found } = await start()
    expect(found).toEqual(expected)
    // A lost newline joins two lines.
    expect(opened.length).toBeGreaterThan(0)
    expect(opened.length).toBeLessThan(3)
  }
})
test('an index cut at its end costs what was cut', async () => {
  await fill()
  await truncate(INDEX(), (await stat(INDEX())).size - 10)
  expect((await start()).opened).toHaveLength(1)
})
test('documents of any size are read, the large ones from their own files', async () => {
  const texts = ['x'.repeat(100_000), '🐾'.repeat(60_000), 'x'.repeat(400_000)]
  await folder.life(async ({ documents }) => {
    await documents.write('registry', {})
    for (const [n, text] of texts.entries()) await documents.write(`jobs/j${n}/job`, { n, text })
    await readAll(documents)
  })
  expect(await start()).toMatchObject({ opened: ['jobs/j1/job', 'jobs/j2/job'], found: { size: 3 } })
})
test('a folder in which no index can be made is read all the same', async () => {
  await fill()
  await rm(folder.path('index'), { recursive: true })
  await writeFile(folder.path('index'), '')
  expect((await start()).found).toEqual(expected)
})
