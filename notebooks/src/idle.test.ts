import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { RunningStore } from '../../store-server/src/startStore.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { NOTEBOOKS, writeNotebook } from './testing/run.ts'

// A kernel that is started compiles its cells, which takes a busy machine a while.
vi.setConfig({ testTimeout: 240_000 })

const RUNNER = join(NOTEBOOKS, '../scripts/notebook.mjs')
const IMPORTS = "import { connect } from '@pawprint/agent'"
const REGISTER = `
const agent = await connect(process.env.PAWPRINT_STORE ?? '')
await agent.register({
  name: 'tiny',
  task: { name: 'tiny', classNames: ['dark', 'bright'], metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } },
  hyperparameters: { EPOCHS: 1 },
  train: async () => { throw new Error('no luck') }
})`

const start = (store: RunningStore, args: readonly string[]) => {
  const env = { ...process.env, PAWPRINT_STORE: store.url, PAWPRINT_TOKEN: store.agentToken }
  const child = spawn(process.execPath, args, { env })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += String(part)))
  return once(child, 'close').then(([code]) => ({ code, said }))
}

test('the headless runner ends with code 0 after a time without a trial, and says so', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const file = await writeNotebook([IMPORTS, REGISTER, 'agent.serve()'])
  const ended = start(store, [RUNNER, file, '--cwd', NOTEBOOKS, '--exit-after-idle', '3s'])
  const isShown = page.next('notebook', ({ notebook }) => notebook.exit !== undefined)
  // Whichever comes first, so that a runner that failed says why.
  expect(await Promise.race([isShown, ended])).toMatchObject({
    notebook: { name: 'tiny', state: 'idle', exit: { afterMs: 3000 } },
  })
  const { code, said } = await ended
  expect([code, said]).toEqual([0, expect.stringContaining('no trial for 3 s: goodbye\n')])
  await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
})

test('so does plain node, which only served', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  // Imports are looked up from the script's folder.
  const script = join(NOTEBOOKS, `idle-${process.pid}.mjs`)
  onTestFinished(() => rm(script, { force: true }))
  await writeFile(script, `${IMPORTS}${REGISTER}\nagent.serve({ exitAfterIdle: '1s' })`)
  expect(await start(store, [script])).toMatchObject({ code: 0, said: expect.stringContaining('no trial for 1 s') })
  await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
})

test('a wrong duration ends the runner with code 2 before it starts a kernel, and a notebook by its cell', async () => {
  const store = await startTestStore()
  const file = await writeNotebook([IMPORTS, REGISTER, "agent.serve({ exitAfterIdle: '0s' })"])
  const flag = await start(store, [RUNNER, file, '--cwd', NOTEBOOKS, '--exit-after-idle', 'soon'])
  const wanted = 'expected a duration from 1s to 168h, such as "90s", "30m" or "2h"'
  expect([flag.code, flag.said]).toEqual([2, expect.stringContaining(`--exit-after-idle: ${wanted}, got "soon"`)])
  const cell = await start(store, [RUNNER, file, '--cwd', NOTEBOOKS])
  expect([cell.code, cell.said]).toEqual([1, expect.stringContaining(`exitAfterIdle: ${wanted}, got "0s"`)])
})
