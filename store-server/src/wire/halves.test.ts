import { expect, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { type Storage, StorageError } from '../storage/storage.ts'
import { call, fakeAgent, logRecord, metricRecord, refOf } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'

test('a batch whose lines the disk refused leaves no hole, though the next one comes while its points are still written', async () => {
  const memory = createMemoryStorage()
  let [isFull, open] = [true, (): void => {}]
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const append: Storage['logs']['append'] = async (name, records) => {
    if (isFull && name.endsWith('/metrics')) await opened
    const isLine = records.some((record) => Object(record).text === 'one')
    if (isFull && isLine) throw new StorageError('E_NO_SPACE', name, 'room on the disk', 'none')
    return memory.logs.append(name, records)
  }
  const storage = { ...memory, logs: { ...memory.logs, append } }
  const store = await startTestStore({ storage, world: { report: () => {} } })
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  agent.records(run, 1, [logRecord('one'), metricRecord(1, 0.5)])
  // Answered after the one before it was begun, and its lines refused.
  await agent.answer(agent.records({ ...run, lease: 'other' }, 1, [logRecord('x')]))
  agent.records(run, 3, [logRecord('three')])
  open()
  await agent.closed
  isFull = false
  expect(agent.waiting.filter(({ type }) => type === 'ack')).toEqual([])
  const back = await fakeAgent(store, 'kernel')
  await back.join('pets', { attempts: [refOf(run)] })
  for (const [first, records] of [
    [1, [logRecord('one'), metricRecord(1, 0.5)]],
    [3, [logRecord('three')]],
  ] as const)
    expect(await back.answer(back.records(run, first, records))).toMatchObject({ type: 'ack' })
  const { items } = (await call(store, 'GET', `/api/jobs/${job.id}/log`)).json
  const own = items.flatMap(({ trial, text }: { trial: number; text: string }) => (trial === 0 ? [text] : []))
  expect(own).toEqual(['one', 'three'])
  expect((await call(store, 'GET', `/api/jobs/${job.id}/metrics`)).json.items).toHaveLength(1)
})
