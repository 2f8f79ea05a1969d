import { MAX_BATCH_RECORDS } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { call, fakeAgent, logRecord } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'
import { BURST_BYTES, BYTES_PER_SECOND, createBudget } from './budget.ts'

test('a burst is free, what comes beyond it waits as long as its bytes take, and rest refills it to the burst', () => {
  let now = 0
  const wait = createBudget({ burstBytes: 1000, bytesPerSecond: 100, nowMs: () => now })
  expect([wait(600), wait(400), wait(50)]).toEqual([0, 0, 500])
  now = 500
  expect(wait(10)).toBe(100)
  now = 3_600_000
  expect([wait(1000), wait(1)]).toEqual([0, 10])
})

test('an agent that floods waits for itself: one beside it is answered at once, and all that it sent arrives in order', async () => {
  const store = await startTestStore()
  const [flooding, quiet] = [await fakeAgent(store), await fakeAgent(store)]
  await flooding.join('pets')
  await quiet.join('owls')
  for (const notebook of ['pets', 'owls']) await call(store, 'POST', '/api/jobs', { notebook })
  const [run, other] = [await flooding.next('run'), await quiet.next('run')]
  const line = 'x'.repeat(200)
  const batch = Array.from({ length: MAX_BATCH_RECORDS }, () => logRecord(line))
  // Three seconds more than the burst.
  const batches = Math.ceil((BURST_BYTES + 3 * BYTES_PER_SECOND) / JSON.stringify(batch).length)
  let last = ''
  for (let i = 0; i < batches; i++) last = flooding.records(run, 1 + i * MAX_BATCH_RECORDS, batch)
  const order: string[] = []
  const flooded = flooding.answer(last).then(() => order.push('flood'))
  await quiet.answer(quiet.records(other, 1, [logRecord('hello')])).then(() => order.push('hello'))
  await flooded
  expect(order).toEqual(['hello', 'flood'])
  const { logLines } = (await call(store, 'GET', `/api/jobs/${run.job}`)).json
  expect(logLines).toBeGreaterThanOrEqual(batches * MAX_BATCH_RECORDS)
})
