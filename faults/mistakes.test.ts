// A mistake in the store itself, thrown where it would be: whoever asked is told, what was acknowledged stays, nothing hangs.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { declare } from '../store-server/src/storage/fixture.ts'
import { call, fakeAgent, logRecord, weightsOf } from '../store-server/src/testing/fakeAgent.ts'
import { startStoreProcess } from './storeProcess.ts'

async function openScene(failpoint: string) {
  const parent = await mkdtemp(join(tmpdir(), 'pawprint-mistake-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const start = async (failpoint?: string) => {
    const { store, ended } = await startStoreProcess(parent, failpoint === undefined ? {} : { failpoint })
    if (store === null) throw new Error(`the store does not start: ${JSON.stringify(await ended)}`)
    onTestFinished(store.kill)
    return { store, ended }
  }
  return { ...(await start(failpoint)), startAgain: () => start() }
}

test('a request whose handler throws is answered with 500, and the next one is served', async () => {
  const { store, ended } = await openScene('create.beforeSession:EMISTAKE')
  const declared = declare(Buffer.from(weightsOf(1)))
  expect(await call(store, 'POST', '/api/uploads', declared)).toMatchObject({
    status: 500,
    json: { error: { code: 'E_INTERNAL' } },
  })
  expect(await call(store, 'POST', '/api/uploads', declared)).toMatchObject({ status: 201 })
  store.signal('SIGTERM')
  expect(await ended).toMatchObject({
    code: 0,
    err: expect.stringContaining('EMISTAKE: failpoint create.beforeSession'),
  })
})

test('a message whose handler throws is refused, and may be sent again on the same connection', async () => {
  const { store, ended } = await openScene('publish.afterModel:EMISTAKE')
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  await expect(agent.finish(run, 1, 0.4)).rejects.toThrow('E_INTERNAL')
  expect(await agent.finish(run, 1, 0.4)).toMatchObject({ deployed: true })
  store.signal('SIGTERM')
  expect(await ended).toMatchObject({ code: 0, err: expect.stringContaining('EMISTAKE: failpoint publish.afterModel') })
})

test('a mistake that nothing catches ends the store in order with 1; the next one has all that was acknowledged', async () => {
  const { store, ended, startAgain } = await openScene('connection.closed:EMISTAKE')
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  await agent.answer(agent.records(run, 1, [logRecord('one'), logRecord('two')]))
  const page = await fakeAgent(store, 'other')
  await page.close()
  expect(await agent.closed).toMatchObject({ code: 1012 })
  expect(await ended).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /^A mistake of the store, which ends now: Error: EMISTAKE: failpoint connection\.closed\n/,
    ),
  })
  const next = await startAgain()
  const { items } = (await call(next.store, 'GET', `/api/jobs/${job.id}/log`)).json
  expect(items.map(({ text }: { text: string }) => text)).toEqual(expect.arrayContaining(['one', 'two']))
})
