// The agent's token is replaced while it trains.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFinal } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightNotebook, openTestAgent } from './testing/agents.ts'
import { call, launch } from './testing/api.ts'
import { findStore } from './wire/token.ts'

async function startWithFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-rotation-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const store = await startTestStore({ dataDir: folder, world: { report: () => {} } })
  return { store, folder }
}

test('an agent that has its token from the store’s folder reads the new one, and the job is done', async () => {
  const { store, folder } = await startWithFolder()
  const address = findStore(store.url, { env: { PAWPRINT_DATA: folder }, cwd: '/' })
  const { agent, events } = openTestAgent(store, store.url, { address })
  let rotated = false
  await agent.register(
    brightNotebook(async () => {
      if (!rotated) await call(store, 'POST', '/api/tokens/agent/rotate')
      rotated = true
    }),
  )
  agent.serve()
  const page = await openTestPage(store)
  const { id } = await launch(store, { EPOCHS: 4 })
  const { job } = await page.next('job', (message) => message.job.id === id && isFinal(message.job.state))
  expect(job).toMatchObject({ state: 'done', trials: [{ attempt: 1 }] })
  expect(address.token).toBe((await readFile(join(folder, 'token-agent'), 'utf8')).trim())
  expect(JSON.stringify(events)).not.toContain(address.token)
})

test('an agent that was given its token by hand asks once more, then stops and says why', async () => {
  const { store } = await startWithFolder()
  const { agent, welcomed, events } = openTestAgent(store)
  await welcomed
  await agent.register(brightNotebook())
  agent.serve()
  await call(store, 'POST', '/api/tokens/agent/rotate')
  const stopped = () => events.some((event) => event.type === 'notice' && event.text.includes('the agent has stopped'))
  await expect.poll(stopped).toBe(true)
  const notice = JSON.stringify(events.at(-1))
  expect(notice).toContain('the store does not know this token')
  expect(() => agent.serve()).toThrow(expect.objectContaining({ code: 'E_REFUSED' }))
})

test('an agent whose file holds a token that is wrong, too, tries it once and stops: no storm', async () => {
  const { store, folder } = await startWithFolder()
  const file = join(folder, 'mine')
  await writeFile(file, store.agentToken)
  const address = findStore(store.url, { env: { PAWPRINT_TOKEN_FILE: file }, cwd: '/' })
  const tried: string[] = []
  const spied = {
    ...address,
    get token() {
      tried.push(address.token)
      return address.token
    },
  }
  const { welcomed, agent } = openTestAgent(store, store.url, { address: spied })
  await welcomed
  await agent.register(brightNotebook())
  await writeFile(file, 'another-wrong-one')
  tried.length = 0
  await call(store, 'POST', '/api/tokens/agent/rotate')
  const over = () => {
    try {
      agent.serve()
      return ''
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
  }
  await expect.poll(over).toContain('the store does not know this token')
  expect(tried).toEqual(['another-wrong-one'])
})
