import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findStore } from './token.ts'

const NOWHERE = { env: {}, cwd: '/' }

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pawprint-token-'))
  onTestFinished(() => rm(path, { recursive: true }))
  await mkdir(join(path, 'data'))
  await mkdir(join(path, 'notebooks'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return path
}

test.each([
  ['ws://127.0.0.1:3001', 'ws://127.0.0.1:3001/ws', 'http://127.0.0.1:3001'],
  ['http://127.0.0.1:3001/', 'ws://127.0.0.1:3001/ws', 'http://127.0.0.1:3001'],
  ['wss://models.example/paw/ws', 'wss://models.example/paw/ws', 'https://models.example/paw'],
  ['https://models.example/paw/?x=1', 'wss://models.example/paw/ws', 'https://models.example/paw'],
])('%s is reached at %s and %s', (url, socketUrl, httpUrl) => {
  expect(findStore(url, { ...NOWHERE, option: 'T' })).toEqual({ socketUrl, httpUrl, token: 'T' })
})

test('the option wins over the address, the address over PAWPRINT_TOKEN', () => {
  const env = { PAWPRINT_TOKEN: ' from-env\n' }
  const url = 'ws://store.example?token=from-url'
  expect(findStore(url, { env, cwd: '/', option: 'from-option' }).token).toBe('from-option')
  expect(findStore(url, { env, cwd: '/' }).token).toBe('from-url')
  expect(findStore('ws://store.example', { env, cwd: '/' }).token).toBe('from-env')
})

test('a store on this machine: its data folder is looked for upwards, and the agent’s own token is taken first', async () => {
  const path = await folder({ 'data/token': 'operator\n', 'data/token-agent': 'agent\n' })
  expect(findStore('ws://localhost:3001', { env: {}, cwd: join(path, 'notebooks') }).token).toBe('agent')
})

test('PAWPRINT_DATA names the data folder', async () => {
  const path = await folder({ 'data/token': 'operator\n' })
  expect(findStore('ws://[::1]:3001', { env: { PAWPRINT_DATA: join(path, 'data') }, cwd: '/' }).token).toBe('operator')
})

test('a token on this disk is never sent to another machine', async () => {
  const path = await folder({ 'data/token': 'operator\n' })
  expect(() => findStore('ws://store.example', { env: {}, cwd: path })).toThrow(
    expect.objectContaining({ code: 'E_TOKEN' }),
  )
})

test('PAWPRINT_TOKEN_FILE names a file for any machine, and comes before the data folder', async () => {
  const path = await folder({ own: 'from-file\n', 'data/token-agent': 'from-data\n' })
  const env = { PAWPRINT_TOKEN_FILE: 'own' }
  expect(findStore('ws://store.example', { env, cwd: path }).token).toBe('from-file')
  expect(findStore('ws://localhost:3001', { env, cwd: path }).token).toBe('from-file')
  expect(() => findStore('ws://store.example', { env: { PAWPRINT_TOKEN_FILE: 'none' }, cwd: path })).toThrow(
    expect.objectContaining({ code: 'E_TOKEN', at: join(path, 'none') }),
  )
})

test('a token from a file is read again when it was refused, and only a new one is worth another try', async () => {
  const path = await folder({ 'data/token-agent': 'first\n' })
  const address = findStore('ws://localhost:3001', { env: {}, cwd: path })
  expect([address.renew?.('first'), address.token]).toEqual([false, 'first'])
  await writeFile(join(path, 'data/token-agent'), 'second\n')
  expect(address.token).toBe('first')
  expect([address.renew?.('first'), address.token]).toEqual([true, 'second'])
  // A second one that was refused with the first token gets the second without reading.
  await rm(join(path, 'data/token-agent'))
  expect([address.renew?.('first'), address.renew?.('second'), address.token]).toEqual([true, false, 'second'])
  expect(findStore('ws://localhost:3001', { env: {}, cwd: path, option: 'T' }).renew).toBeUndefined()
})

test.each([['127.0.0.1:3001'], ['ftp://store'], [''], ['nonsense?token=secret']])(
  'refuses the address %j without showing a token',
  (url) => {
    const attempt = () => findStore(url, { ...NOWHERE, option: 'T' })
    expect(attempt).toThrow(expect.objectContaining({ code: 'E_URL' }))
    expect(attempt).not.toThrow(/secret/)
  },
)
