// What an agent may have trained again, on itself, and how it is told the end.
import { expect, test } from 'vitest'
import { call, type FakeAgent, fakeAgent, refOf, sha1Of, weightsOf } from '../testing/fakeAgent.ts'
import { SHA1, withModel } from '../testing/reproducible.ts'

const askAs = (agent: FakeAgent, id: string, sha1 = SHA1) => agent.send({ type: 'reproduce', id, sha1 })

test('an agent asks by its connection for its own models only, is told the end once, and may ask again after a reconnect', async () => {
  const { store, agent } = await withModel()
  const other = await fakeAgent(store)
  askAs(other, 'r0')
  expect(await other.answer('r0')).toMatchObject({ error: { code: 'E_STATE', expected: 'a registered notebook' } })
  await other.join('others')
  askAs(other, 'r1')
  expect(await other.answer('r1')).toMatchObject({ error: { code: 'E_SCOPE', got: 'one of pets' } })

  askAs(agent, 'r2')
  const run = await agent.next('run')
  await agent.cut()
  const back = await fakeAgent(store, 'kernel')
  const { job, trial, attempt, lease } = run
  await back.join('pets', { attempts: [{ job, trial, attempt, lease }] })
  askAs(back, 'r2')
  askAs(back, 'r2')
  await back.finish(run, 1, 0.5)
  expect(await back.next('reproduced')).toEqual({ type: 'reproduced', id: 'r2', job, sha1: SHA1, isSame: true })
  // Said again when all is over, it is answered at once, and trains nothing.
  askAs(back, 'r2')
  expect(await back.next('reproduced')).toMatchObject({ id: 'r2', isSame: true })
  expect(back.waiting).toEqual([])
  expect((await call(store, 'GET', '/api/jobs')).json.items).toHaveLength(2)
  askAs(back, 'r2', sha1Of(weightsOf(7)))
  expect(await back.answer('r2')).toMatchObject({ error: { code: 'E_REQUEST_ID' } })
})

test('a reproduction that is stopped, fails, or is cleared away is refused at its end', async () => {
  const { store, agent } = await withModel()
  askAs(agent, 'r1')
  const first = await agent.next('run')
  agent.send({ ...refOf(first), type: 'failed', id: 'f', reason: 'no memory', permanent: true })
  expect(await agent.answer('r1')).toMatchObject({ error: { code: 'E_STATE', got: 'failed: no memory' } })
  askAs(agent, 'r2')
  const second = await agent.next('run')
  await call(store, 'POST', `/api/jobs/${second.job}/stop`)
  agent.send({ ...refOf(second), type: 'cancelled', id: 'c', reason: 'asked' })
  expect(await agent.answer('r2')).toMatchObject({ error: { got: 'cancelled: asked' } })
  askAs(agent, 'r3')
  await agent.next('run')
  await call(store, 'DELETE', '/api/store', { confirm: 'clear' })
  expect(await agent.answer('r3')).toMatchObject({ error: { code: 'E_NOT_FOUND' } })
})
