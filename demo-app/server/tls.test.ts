import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { parseToDemoPage } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { makeCertificate } from '../../store-server/src/testing/certificate.ts'
import { urlOf } from './address.ts'
import { readCertificate } from './certificate.ts'
import { newFolder, testDemo } from './testing/demo.ts'

const statusOf = (url: string, ca: string, host?: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const options = { ca, agent: false, checkServerIdentity: () => undefined, headers: host ? { host } : {} }
    const sent = request(url, options, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end()
  })

test('with a certificate the demo speaks https and wss, under the names of the certificate', async () => {
  const { certFile, keyFile, cert } = await makeCertificate('DNS:localhost,DNS:demo.example')
  const folder = await newFolder()
  await mkdir(join(folder, 'page'))
  await writeFile(join(folder, 'page/index.html'), '<!doctype html>')
  const demo = await testDemo({ folder, certFile, keyFile })
  expect(demo.url).toMatch(/^https:\/\/localhost:\d+\/$/)
  expect(await statusOf(demo.url, cert)).toBe(200)
  const { port } = new URL(demo.url)
  expect(await statusOf(demo.url, cert, `demo.example:${port}`)).toBe(200)
  expect(await statusOf(demo.url, cert, `evil.example:${port}`)).toBe(403)
  const ws = new WebSocket(`${demo.url.replace('https', 'wss')}ws`, { ca: cert, origin: demo.url.slice(0, -1) })
  onTestFinished(() => ws.terminate())
  const [first] = await once(ws, 'message')
  expect(parseToDemoPage(String(first))).toEqual({ type: 'tasks', tasks: [] })
})

test('files that do not do are told with the flag, what was expected, and what is there', async () => {
  const [one, other] = [await makeCertificate('DNS:localhost'), await makeCertificate('DNS:localhost')]
  const nothing = `${one.certFile}.none`
  const refused = async (cert: string | null, key: string | null) =>
    readCertificate(cert, key).then(
      () => 'accepted',
      (error: Error) => error.message,
    )
  expect(await readCertificate(null, null)).toBeNull()
  expect(await readCertificate(one.certFile, one.keyFile)).toEqual({ cert: one.cert, key: one.key })
  expect(await refused(one.certFile, null)).toMatch(/^--tls-key \(PAWPRINT_TLS_KEY\): expected the file .*, got none$/)
  expect(await refused(null, one.keyFile)).toMatch(/^--tls-cert \(PAWPRINT_TLS_CERT\): expected the file .*, got none$/)
  expect(await refused(nothing, one.keyFile)).toMatch(/^--tls-cert .*: expected a file that can be read, got ENOENT/)
  expect(await refused(one.keyFile, one.keyFile)).toMatch(/^--tls-cert .*: expected a certificate in PEM form in /)
  expect(await refused(one.certFile, one.certFile)).toMatch(/^--tls-key .*: expected a private key in PEM form/)
  expect(await refused(one.certFile, other.keyFile)).toMatch(/^--tls-key .*: expected the private key of .*, got /)
})

test('a demo is opened under a name that its certificate is for', async () => {
  const lan = await makeCertificate('DNS:demo.example,IP:10.1.2.3')
  expect(urlOf('0.0.0.0', 1, null)).toBe('http://127.0.0.1:1/')
  expect(urlOf('10.1.2.3', 1, lan)).toBe('https://10.1.2.3:1/')
  expect(urlOf('0.0.0.0', 1, lan)).toBe('https://demo.example:1/')
})
