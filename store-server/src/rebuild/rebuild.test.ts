import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { problemsOf } from '../check/finding.ts'
import { checkFolder } from '../check/folder.ts'
import { startStore } from '../startStore.ts'
import { edit, flip } from '../testing/damage.ts'
import { contentOf, MADE, useFilledFolder } from '../testing/dataFolder.ts'
import { call, fakeAgent } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'
import { rebuildFolder } from './folder.ts'

const filled = useFilledFolder()
const [FIRST = '', SECOND = ''] = MADE
const NOW_MS = Date.parse('2026-01-02T03:04:05.678Z')
const KEPT = 'registry.json.damaged-2026-01-02T03-04-05-678Z'

const DAMAGES: [string, (path: string) => Promise<unknown>][] = [
  ['lost', (path) => rm(path)],
  ['empty', (path) => truncate(path, 0)],
  ['cut short', (path) => truncate(path, 100)],
  ['null', (path) => writeFile(path, 'null')],
  ['a list', (path) => writeFile(path, '[]')],
  ['an object of something else', (path) => writeFile(path, '{"version":1}')],
]
test.each(DAMAGES)(
  'a registry that is %s stops the start, and is made again from everything else',
  async (_, damage) => {
    const dataDir = await filled.copy()
    const whole = await startTestStore({ dataDir })
    const seen = async (store: typeof whole) =>
      Promise.all(
        ['/api/models', '/api/tasks/pets/deployments', `/api/jobs/${filled.jobs().done}`].map(
          async (path) => (await call(store, 'GET', path)).json,
        ),
      )
    const before = await seen(whole)
    const task = (await call(whole, 'GET', '/api/tasks/pets')).json
    await whole.close()
    await damage(join(dataDir, 'registry.json'))
    const damaged = await readFile(join(dataDir, 'registry.json')).catch(() => null)
    await expect(startStore({ dataDir, port: 0 })).rejects.toMatchObject({ code: 'E_CORRUPT' })

    const lines = await rebuildFolder(dataDir, NOW_MS)
    expect(lines.slice(damaged === null ? 0 : 1)).toEqual([
      'task pets: kept, and pinned, for whether it was is lost; unpin it on the page',
      'notebook "pets": its schema and its values are lost; it comes back when it registers, and its jobs with it',
      '2 jobs, 3 models: kept, with logs, curves and weights',
    ])
    if (damaged) expect(await readFile(join(dataDir, KEPT))).toEqual(damaged)
    expect(problemsOf(await checkFolder(dataDir))).toEqual([])

    const store = await startTestStore({ dataDir })
    expect(await seen(store)).toEqual(before)
    expect((await call(store, 'GET', '/api/tasks/pets')).json).toEqual({ ...task, pinned: true })
    const agent = await fakeAgent(store, 'kernel')
    await agent.join('pets')
    expect(await agent.next('run')).toMatchObject({ job: filled.jobs().waiting, trial: 0 })
    const { json: next } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
    expect(next.number).toBe(3)
  },
)

test('the task is that of the demo’s file; without it that of the models, whose metric must be known', async () => {
  const metric = { name: 'score', direction: 'min', min: 0, max: 9 }
  const dataDir = await filled.copy()
  await edit(join(dataDir, 'deployed/pets/current.json'), (value) => Object.assign(value.task ?? {}, { metric }))
  await rm(join(dataDir, 'registry.json'))
  await rebuildFolder(dataDir, NOW_MS)
  expect(JSON.parse(await readFile(join(dataDir, 'registry.json'), 'utf8'))).toMatchObject({
    tasks: [{ task: { name: 'pets', classNames: ['cat', 'dog'], metric }, pinned: true }],
    counters: { jobs: 2, models: 3 },
  })
  for (const name of ['registry.json', 'deployed/pets/current.json']) await rm(join(dataDir, name))
  await rebuildFolder(dataDir, NOW_MS)
  expect(JSON.parse(await readFile(join(dataDir, 'registry.json'), 'utf8'))).toMatchObject({
    tasks: [{ task: { metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } } }],
  })
  await rm(join(dataDir, 'registry.json'))
  await edit(join(dataDir, `models/${FIRST}/model.json`), (value) => Object.assign(value.model ?? {}, { metrics: {} }))
  const content = await contentOf(dataDir)
  await expect(rebuildFolder(dataDir, NOW_MS)).rejects.toMatchObject({ code: 'E_CORRUPT', at: 'task pets' })
  expect(await contentOf(dataDir)).toEqual(content)
})

test('what else is damaged is said, and stays as it is', async () => {
  const dataDir = await filled.copy()
  await rm(join(dataDir, 'registry.json'))
  await truncate(join(dataDir, `models/${SECOND}/details.json`), 3)
  await flip(join(dataDir, 'deployments/pets.log'), 30)
  const lines = await rebuildFolder(dataDir, NOW_MS)
  expect(lines.filter((line) => line.startsWith('still damaged: problem '))).toHaveLength(2)
  expect(lines.join('\n')).toContain(`models/${SECOND}/details.json`)
  expect(lines.join('\n')).toContain('deployments/pets.log')
})

test.each<[string, (path: string) => Promise<unknown>, string]>([
  ['that can be read', async () => {}, 'E_ARGUMENT'],
  ['of a newer version', (path) => edit(path, (value) => Object.assign(value, { version: 2 })), 'E_CORRUPT'],
])('a registry %s is not made again, and nothing is changed', async (_, change, code) => {
  const dataDir = await filled.copy()
  await change(join(dataDir, 'registry.json'))
  const before = await contentOf(dataDir)
  await expect(rebuildFolder(dataDir, NOW_MS)).rejects.toMatchObject({ code })
  expect(await contentOf(dataDir)).toEqual(before)
  expect(await readdir(dataDir)).not.toContain(KEPT)
})
