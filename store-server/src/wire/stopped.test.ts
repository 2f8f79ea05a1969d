import type { ToPage } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { call, fakeAgent, logRecord } from '../testing/fakeAgent.ts'
import type { TestPeer } from '../testing/peer.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

const PING_MS = 10
const DEAD_MS = 1000
const BATCH = 250
const BATCHES = 12
/** Lines of the agent, and the store's own of the launch. */
const ALL = BATCH * BATCHES + 1

/** The seqs of all lines that came and were not asked for yet. */
const seqsOf = (page: TestPeer<ToPage>): number[] =>
  page.waiting.flatMap((message) => (message.type === 'log' ? message.lines.map(({ seq }) => seq) : []))

test('a page that stops reading is cut, others are not, and with its cursor it has every line once and in order', async () => {
  const store = await startTestStore({ times: { pingIntervalMs: PING_MS, deadAfterMs: DEAD_MS, batchWaitMs: 1 } })
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  const [stopped, other] = [await openTestPage(store), await openTestPage(store)]
  for (const page of [stopped, other]) page.send({ type: 'follow', job: job.id, afterLog: 0, afterMetric: 0 })
  const first = await stopped.next('log')
  stopped.pause()
  for (let i = 0; i < BATCHES; i++) {
    const lines = Array.from({ length: BATCH }, (_, n) => logRecord(`line ${i * BATCH + n + 1}`))
    await agent.answer(agent.records(run, i * BATCH + 1, lines))
  }
  // From here on as many pings as the store needs to see the silence, twice over.
  const early = other.waiting.filter(({ type }) => type === 'ping').length
  for (let i = 0; i < early + (2 * DEAD_MS) / PING_MS; i++) await other.next('ping')
  stopped.resume()
  expect(await stopped.closed).toMatchObject({ code: 1006 })
  const seen = [...first.lines.map(({ seq }) => seq), ...seqsOf(stopped)]
  const back = await openTestPage(store)
  back.send({ type: 'follow', job: job.id, afterLog: seen.at(-1), afterMetric: 0 })
  const rest: number[] = []
  while ((rest.at(-1) ?? 0) < ALL && seen.at(-1) !== ALL)
    rest.push(...(await back.next('log')).lines.map(({ seq }) => seq))
  const all = Array.from({ length: ALL }, (_, i) => i + 1)
  expect([...seen, ...rest]).toEqual(all)
  const last = await other.next('log', ({ lines }) => lines.at(-1)?.seq === ALL)
  expect([...seqsOf(other), ...last.lines.map(({ seq }) => seq)]).toEqual(all)
})
