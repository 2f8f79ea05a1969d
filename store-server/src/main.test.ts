import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { RunningStore } from './startStore.ts'
import { makeCertificate } from './testing/certificate.ts'
import { call, fakeAgent, logRecord, refOf } from './testing/fakeAgent.ts'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-main-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The program as a person starts it. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  let err = ''
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  const exit = once(child, 'close').then(([code, signal]) => ({ code, signal, out, err }))
  const ready = new Promise<Pick<RunningStore, 'url' | 'token'>>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
      const line = /^Store: (\S+)\/\?token=(\S+)\n/.exec(out)
      if (line) resolve({ url: line[1] ?? '', token: line[2] ?? '' })
    })
    exit.then((end) => reject(new Error(JSON.stringify(end))))
  })
  ready.catch(() => {})
  return { child, ready, exit }
}
const asStore = (at: Pick<RunningStore, 'url' | 'token'>): RunningStore => ({
  ...at,
  port: Number(new URL(at.url).port),
  agentToken: '',
  viewerToken: '',
  close: async () => {},
})

test('the program prints where it is, serves, and ends in order on SIGTERM', async () => {
  const data = await newFolder()
  const { child, ready, exit } = run(['--data', data, '--port', '0'])
  const at = await ready
  expect(at.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(at.token).toBe((await readFile(join(data, 'token'), 'utf8')).trim())
  const agent = await fakeAgent(asStore(at))
  await agent.join('pets')
  child.kill('SIGTERM')
  expect(await agent.closed).toMatchObject({ code: 1012 })
  expect(await exit).toMatchObject({ code: 0, err: '' })
})

test('kill -9 in the middle of a job loses nothing that was acknowledged', async () => {
  const data = await newFolder()
  const first = run(['--data', data, '--port', '0'])
  const before = asStore(await first.ready)
  const agent = await fakeAgent(before, 'kernel')
  await agent.join('pets')
  const { json: job } = await call(before, 'POST', '/api/jobs', { notebook: 'pets', config: { NUM_FILTERS: [1, 2] } })
  const verdict = await agent.finish(await agent.next('run'), 1, 0.4)
  const trial = await agent.next('run')
  await agent.answer(agent.records(trial, 1, [logRecord('one'), logRecord('two')]))
  first.child.kill('SIGKILL')
  await first.exit

  const second = run(['--data', data, '--port', '0'])
  const store = asStore(await second.ready)
  const back = await fakeAgent(store, 'kernel')
  expect(await back.join('pets', { attempts: [refOf(trial)] })).toMatchObject({ name: 'pets', fenced: [] })
  await back.answer(back.records(trial, 2, [logRecord('two'), logRecord('three')]))
  await back.finish(trial, 2, 0.3)
  const after = (await call(store, 'GET', `/api/jobs/${job.id}`)).json
  expect(after).toMatchObject({ state: 'done', trials: [{ state: 'done' }, { state: 'done', attempt: 1 }] })
  const log = (await call(store, 'GET', `/api/jobs/${job.id}/log`)).json.items
  expect(
    log.map(({ text }: { text: string }) => text).filter((text: string) => !/^(Launched|Uploaded)/.test(text)),
  ).toEqual(['one', 'two', 'three'])
  expect((await call(store, 'GET', '/api/tasks/pets')).json).toMatchObject({
    revision: 1,
    current: { at: expect.any(String), reason: verdict.reason },
  })
})

test('a folder that another store has, a port in use, and an open address are refused with one clear line', async () => {
  const data = await newFolder()
  await run(['--data', data, '--port', '0']).ready
  const locked = await run(['--data', data, '--port', '0']).exit
  expect(locked).toMatchObject({ code: 1, out: '' })
  expect(locked.err).toMatch(/^--data: the folder is in use by another store/)
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const busy = await run(['--data', await newFolder(), '--port', String(port)]).exit
  expect(busy).toMatchObject({
    code: 1,
    out: '',
    err: `--port: port ${port} is in use; choose another one with --port\n`,
  })
  const open = await run(['--data', await newFolder(), '--port', '0', '--host', '0.0.0.0']).exit
  expect(open).toMatchObject({ code: 1, out: '' })
  expect(open.err).toMatch(
    /^--host: 0\.0\.0\.0 can be reached from other machines\. Plain http is not encrypted: .*--allow-remote\.\n$/,
  )
})

test('a store that still ends is waited for, and the next one starts when it is gone', async () => {
  const data = await newFolder()
  const first = run(['--data', data, '--port', '0'])
  const at = await first.ready
  // A client that stops in the middle of its request keeps the store from ending at once.
  const slow = connect(Number(new URL(at.url).port), '127.0.0.1')
  onTestFinished(() => void slow.destroy())
  slow.on('error', () => {})
  slow.write(`POST /api/jobs HTTP/1.1\r\nhost: ${new URL(at.url).host}\r\nauthorization: Bearer ${at.token}\r\n`)
  slow.write('content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n')
  await once(slow, 'data')
  // Its end is on the way when a socket of it says so.
  const agent = await fakeAgent(asStore(at))
  first.child.kill('SIGTERM')
  await agent.closed
  const second = run(['--data', data, '--port', '0'])
  expect((await second.ready).token).toBe(at.token)
  expect(await first.exit).toMatchObject({ code: 0, err: '' })
})

test('a folder on a file system that takes none is refused with the reason', async () => {
  const { code, out, err } = await run(['--data', '/sys/pawprint', '--port', '0']).exit
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^--data: \S+: expected a folder that this process may use, got E[A-Z]+\n$/)
})

test.each([
  [['--port', '70000'], {}, /^--port: expected a number from 0 to 65535, got "70000"\n$/],
  [[], { PAWPRINT_STORE_PORT: '1e3' }, /^--port: expected .* got "1e3"\n$/],
  [['--colour'], {}, /^Unknown option '--colour'/],
])('%j with %j is refused', async (args, env, message) => {
  const { code, err } = await run(['--data', await newFolder(), ...args], env).exit
  expect(code).toBe(1)
  expect(err).toMatch(message)
})

test('with a certificate the program speaks https, by flags or by variables, and says no more that it is not encrypted', async () => {
  const { certFile, keyFile } = await makeCertificate('DNS:localhost')
  const open = ['--port', '0', '--host', '0.0.0.0', '--allow-remote']
  const flags = ['--tls-cert', certFile, '--tls-key', keyFile]
  const withFlags = run(['--data', await newFolder(), ...open, ...flags])
  expect((await withFlags.ready).url).toMatch(/^https:\/\/localhost:\d+$/)
  withFlags.child.kill('SIGTERM')
  expect(await withFlags.exit).toMatchObject({ code: 0, err: '' })
  const env = { PAWPRINT_TLS_CERT: certFile, PAWPRINT_TLS_KEY: keyFile }
  expect((await run(['--data', await newFolder(), '--port', '0'], env).ready).url).toMatch(/^https:\/\/localhost:\d+$/)
  const plain = run(['--data', await newFolder(), ...open])
  expect((await plain.ready).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  plain.child.kill('SIGTERM')
  expect((await plain.exit).err).toMatch(/^Warning: Plain http is not encrypted: /)
})

test('a certificate that does not do is one clear line, and nothing is started', async () => {
  const { certFile, keyFile } = await makeCertificate('DNS:localhost')
  const data = join(await newFolder(), 'data')
  const start = (...flags: string[]) => run(['--data', data, '--port', '0', ...flags]).exit
  const none = await start('--tls-cert', certFile, '--tls-key', `${keyFile}.none`)
  expect(none).toMatchObject({ code: 1, out: '' })
  expect(none.err).toMatch(/^--tls-key \(PAWPRINT_TLS_KEY\): expected a file that can be read, got ENOENT: .*\n$/)
  expect((await start('--tls-cert', certFile)).err).toMatch(
    /^--tls-key .*: expected the file that belongs to --tls-cert, got none\n$/,
  )
  await expect(readFile(join(data, 'token'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('flags win over variables, variables over defaults', async () => {
  const [data, other] = [await newFolder(), await newFolder()]
  const env = { PAWPRINT_DATA: other, PAWPRINT_STORE_PORT: '0', PAWPRINT_HOST: 'localhost' }
  const { url } = await run(['--data', data, '--host', '127.0.0.1'], env).ready
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:(?!3001)\d+$/)
  await readFile(join(data, 'token'))
  await expect(readFile(join(other, 'token'))).rejects.toMatchObject({ code: 'ENOENT' })
})
