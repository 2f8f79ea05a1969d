// Which messages a token and a role reach, and that none in any order breaks the store.
import { PROTOCOL_VERSION, type ToAgent, type ToDemo, type ToPage } from '@pawprint/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FUZZ_TIMEOUT_MS, fuzzRuns, oddInside } from '../../../protocol/src/testing/mutate.ts'
import { AGENT_SAMPLES, DEMO_SAMPLES, PAGE_SAMPLES } from '../../../protocol/src/testing/samples.ts'
import type { RunningStore } from '../startStore.ts'
import { call, fakeAgent } from '../testing/fakeAgent.ts'
import { openPeer } from '../testing/peer.ts'
import { startTestStore } from '../testing/testStore.ts'

const typeOf = (sample: unknown): string => (sample as { type: string }).type
const SAMPLES = { agent: AGENT_SAMPLES, page: PAGE_SAMPLES, demo: DEMO_SAMPLES } as const
type Role = keyof typeof SAMPLES
const ROLES = ['agent', 'page', 'demo'] as const
const MAY: Readonly<Record<'operator' | 'agent' | 'viewer', readonly Role[]>> = {
  operator: ROLES,
  agent: ['agent'],
  viewer: ['page', 'demo'],
}
const HELLO = { type: 'hello', version: PROTOCOL_VERSION, instance: 'i1' }

async function open(store: RunningStore, token: string, role: Role) {
  const peer = await openPeer(store.url, token, (text) => JSON.parse(text) as ToAgent | ToPage | ToDemo)
  peer.send({ ...HELLO, role })
  return peer
}
const everything = async (store: RunningStore) =>
  Promise.all(
    ['notebooks', 'jobs', 'models', 'tasks'].map(async (list) => (await call(store, 'GET', `/api/${list}`)).json.items),
  )

test('a token opens the roles that it reaches, and no others', async () => {
  const store = await startTestStore()
  const tokens = { operator: store.token, agent: store.agentToken, viewer: store.viewerToken }
  for (const [scope, roles] of Object.entries(MAY))
    for (const role of ROLES) {
      const peer = await open(store, tokens[scope as keyof typeof tokens], role)
      if (roles.includes(role)) expect(await peer.next('welcome')).toMatchObject({ scope })
      else expect([scope, role, (await peer.closed).code]).toEqual([scope, role, 4403])
    }
})

test('in one role every message of another is refused by its type and changes nothing', async () => {
  const store = await startTestStore()
  const before = await everything(store)
  for (const role of ROLES) {
    const peer = await open(store, store.token, role)
    await peer.next('welcome')
    const own = SAMPLES[role].map(typeOf)
    const foreign = ROLES.flatMap((other) => SAMPLES[other]).filter((sample) => !own.includes(typeOf(sample)))
    expect(foreign.length).toBeGreaterThan(2)
    for (const sample of foreign) {
      peer.send(sample)
      expect([role, sample, (await peer.next('refused')).error]).toMatchObject([
        role,
        sample,
        { code: 'E_MESSAGE', at: 'type' },
      ])
    }
    await peer.close()
  }
  expect(await everything(store)).toEqual(before)
})

test('messages in any order, and almost right, are answered or left aside; nothing breaks, and a real agent still works', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  const lines: string[] = []
  const store = await startTestStore({ world: { report: (line) => lines.push(line) } })
  const message = fc
    .constantFrom(...ROLES.flatMap((role) => SAMPLES[role]))
    .chain((sample) => fc.oneof(fc.constant(sample), oddInside(sample)))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ROLES), fc.array(message, { maxLength: 12 }), async (role, messages) => {
      const peer = await open(store, store.token, role)
      await peer.next('welcome')
      for (const one of messages) peer.send(JSON.stringify(one) ?? 'null')
      // Whatever was left aside: this one is refused, after all that came before it was read.
      peer.send({ type: 'the-last-one', id: 'last' })
      const last = peer.next('refused', ({ id }) => id === 'last')
      // JSON that is no object may end the connection; that is an answer, too.
      await Promise.race([last, peer.closed])
      last.catch(() => {})
      for (const said of peer.waiting) if (said.type === 'refused') expect(said.error.code).not.toBe('E_INTERNAL')
      await peer.close()
    }),
    { numRuns: fuzzRuns(40) },
  )
  expect(lines).toEqual([])
  const agent = await fakeAgent(store)
  const { name } = await agent.join('after')
  await call(store, 'POST', '/api/jobs', { notebook: name })
  expect(await agent.finish(await agent.next('run'), 1, 0.5)).toMatchObject({ deployed: true })
})

test.each([
  ['1e999', 'E_MESSAGE'],
  ['-1e999', 'E_MESSAGE'],
  ['"0.9"', 'E_MESSAGE'],
  ['null', 'E_MESSAGE'],
  ['true', 'E_MESSAGE'],
  ['NaN', 'E_JSON'],
])('an accuracy of %s is refused, whatever a program calls it', async (written, code) => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  const done = AGENT_SAMPLES.find((sample) => typeOf(sample) === 'done') as object
  const { job, trial, attempt, lease } = run
  agent.send(
    JSON.stringify({ ...done, job, trial, attempt, lease }).replace('"testAccuracy":0.5', `"testAccuracy":${written}`),
  )
  expect(await agent.next('refused')).toMatchObject({ error: { code } })
  expect((await call(store, 'GET', '/api/tasks/pets')).json.current).toBeNull()
})

test.each([[-1], [1.0000001], [1e308], [-1e308]])('an accuracy of %f is kept, and never deployed', async (accuracy) => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  expect(await agent.finish(await agent.next('run'), 1, accuracy)).toMatchObject({
    deployed: false,
    code: 'out-of-range',
  })
  expect((await call(store, 'GET', '/api/tasks/pets')).json.current).toBeNull()
})
