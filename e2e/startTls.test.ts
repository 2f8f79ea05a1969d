// npm start with a certificate of its own making, and tokens that are replaced while everything runs.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Notebook } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { makeCertificate } from '../store-server/src/testing/certificate.ts'
import { startPawprint, until } from './pawprint.ts'

test('store, demo and notebook find each other over TLS, and those that have their token from its file take the new one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-tls-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const { certFile, keyFile, cert } = await makeCertificate('DNS:localhost')
  const paw = await startPawprint(['--no-sample', '--tls-cert', certFile, '--tls-key', keyFile], folder)
  onTestFinished(async () => void (await paw.stop()))
  const { origin, searchParams } = new URL(paw.link)
  expect(origin).toBe(`https://localhost:${new URL(paw.storeUrl).port}`)
  expect(searchParams.get('token')).toBe(paw.token)

  const ask = async (method: string, path: string) => {
    const headers = { authorization: `Bearer ${paw.token}` }
    return new Promise<unknown>((resolve, reject) => {
      const sent = request(`${origin}${path}`, { method, headers, ca: cert }, async (response) => {
        const parts: Buffer[] = []
        response.on('data', (part) => parts.push(part))
        response.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString('utf8'))))
      })
      sent.on('error', reject)
      sent.end()
    })
  }
  const notebookState = async () => ((await ask('GET', '/api/notebooks')) as { items: Notebook[] }).items[0]?.state
  const welcomes = async () =>
    (await readFile(join(folder, 'logs/demo.log'), 'utf8')).split('Connected to the store').length - 1
  await until(notebookState, (state) => state === 'idle')
  await until(welcomes, (count) => count === 1)

  expect(await ask('POST', '/api/tokens/agent/rotate')).toMatchObject({ scope: 'agent', file: 'token-agent' })
  expect(await ask('POST', '/api/tokens/viewer/rotate')).toMatchObject({ scope: 'viewer', file: 'token-viewer' })
  await until(notebookState, (state) => state === 'idle')
  await until(welcomes, (count) => count === 2)

  const logs = (await readdir(join(folder, 'logs'))).map((name) => join(folder, 'logs', name))
  const tokens = await Promise.all(
    ['token', 'token-agent', 'token-viewer'].map((name) => readFile(join(folder, name), 'utf8')),
  )
  for (const log of logs) {
    const text = await readFile(log, 'utf8')
    for (const token of tokens) expect(text.includes(token.trim()), log).toBe(false)
    if (log.endsWith('.log')) expect([log, (await stat(log)).mode & 0o777]).toEqual([log, 0o600])
  }
})
