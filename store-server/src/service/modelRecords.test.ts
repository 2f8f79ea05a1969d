import { mkdtemp, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { call, fakeAgent, reportOf, upload, weightsOf } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'

test('weights that are made again on other images keep their figures and intervals; a record that is damaged costs the intervals', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-store-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const store = await startTestStore({ dataDir: folder })
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const sha1 = await upload(store, weightsOf(1, 2))
  const measureOn = async (digit: string, accuracy: number, low: number) => {
    await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
    const intervals: Record<string, [number, number]> = { testAccuracy: [low, 0.9] }
    const report = { ...reportOf(sha1, accuracy, digit.repeat(64)), evaluation: { intervals } }
    expect((await agent.answer(agent.done(await agent.next('run'), report))).type).toBe('ack')
    const { json: model } = await call(store, 'GET', `/api/models/${sha1}`)
    return { now: model.testSet.fingerprint[0], former: model.reevaluations ?? [] }
  }
  const on = (digit: string, testAccuracy: number) => ({
    testSet: { fingerprint: digit.repeat(64), count: 10 },
    metrics: { testAccuracy },
    at: expect.any(String),
  })
  expect(await measureOn('a', 0.5, 0.1)).toEqual({ now: 'a', former: [] })
  // The same set once more: nothing is former, and the intervals are the later ones.
  expect(await measureOn('a', 0.5, 0.2)).toEqual({ now: 'a', former: [] })
  const first = { ...on('a', 0.5), intervals: { testAccuracy: [0.2, 0.9] } }
  expect(await measureOn('b', 0.6, 0.3)).toEqual({ now: 'b', former: [first] })
  await truncate(join(folder, 'models', sha1, 'details.json'), 9)
  expect(await measureOn('c', 0.7, 0.4)).toEqual({ now: 'c', former: [first, on('b', 0.6)] })
})
