import { expect, test } from 'vitest'
import { call, fakeAgent, logRecord } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'

const LINES_PER_BATCH = 60
const BATCHES = 20

test('a log of long lines is answered in parts of about 8 MiB, whatever the limit, each line once and in order', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  const long = 'x'.repeat(16_000)
  for (let i = 0; i < BATCHES; i++) {
    const records = Array.from({ length: LINES_PER_BATCH }, () => logRecord(long))
    await agent.answer(agent.records(run, i * LINES_PER_BATCH + 1, records))
  }
  const seqs: number[] = []
  const sizes: number[] = []
  for (let after: string | null = '0'; after !== null; ) {
    const { json, text } = await call(store, 'GET', `/api/jobs/${job.id}/log?limit=100000&after=${after}`)
    seqs.push(...json.items.map(({ seq }: { seq: number }) => seq))
    sizes.push(text.length)
    after = json.next
  }
  // The store's own line of the launch comes first.
  expect(seqs).toEqual(Array.from({ length: LINES_PER_BATCH * BATCHES + 1 }, (_, i) => i + 1))
  expect(sizes.length).toBeGreaterThan(1)
  expect(Math.max(...sizes)).toBeLessThan(26 * 1024 * 1024)
})

test('the last page of a log has no cursor, also when it is full', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  await agent.answer(agent.records(run, 1, [logRecord('one'), logRecord('two')]))
  const pageOf = async (query: string) => {
    const { json } = await call(store, 'GET', `/api/jobs/${job.id}/log?${query}`)
    return [json.items.map(({ seq }: { seq: number }) => seq), json.next]
  }
  expect(await pageOf('limit=2')).toEqual([[1, 2], '2'])
  expect(await pageOf('limit=2&after=1')).toEqual([[2, 3], null])
  expect(await pageOf('limit=3')).toEqual([[1, 2, 3], null])
  expect(await pageOf('after=3')).toEqual([[], null])
})
