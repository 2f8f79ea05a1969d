import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { parseToPage } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { namesOfCertificate, outOfDate, readCertificate } from './http/certificate.ts'
import { urlOf } from './http/server.ts'
import { makeCertificate } from './testing/certificate.ts'
import { openRaw } from './testing/raw.ts'
import { startTestStore } from './testing/testStore.ts'

const NAMES = 'DNS:localhost,IP:127.0.0.1,DNS:paw.example'

interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
}
function ask(url: string, ca: string | undefined, headers: Record<string, string> = {}): Promise<Asked> {
  return new Promise((resolve, reject) => {
    // Whose certificate it is does not matter here, and Node would go by the Host header.
    const options = { ca, headers, agent: false, checkServerIdentity: () => undefined }
    const sent = request(url, options, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('with a certificate the store speaks https and wss on its one port, and its cookie travels over https alone', async () => {
  const tls = await makeCertificate(NAMES)
  const store = await startTestStore({ tls })
  expect(store.url).toBe(`https://127.0.0.1:${store.port}`)
  const bearer = { authorization: `Bearer ${store.token}` }
  expect((await ask(`${store.url}/api/jobs`, tls.cert, bearer)).status).toBe(200)
  const signedIn = await ask(`${store.url}/?token=${store.token}`, tls.cert)
  expect(signedIn.status).toBe(303)
  expect(String(signedIn.headers['set-cookie'])).toMatch(/; HttpOnly; Secure; SameSite=Strict$/)
  // A browser keeps it for every port of a name, so that http elsewhere on this machine would end.
  expect(signedIn.headers['strict-transport-security']).toBeUndefined()

  const ws = new WebSocket(`${store.url.replace('https', 'wss')}/ws`, { ca: tls.cert, headers: bearer })
  onTestFinished(() => ws.terminate())
  await once(ws, 'open')
  ws.send(JSON.stringify({ type: 'hello', version: 1, role: 'page' }))
  const [first] = await once(ws, 'message')
  expect(parseToPage(String(first))).toMatchObject({ type: 'welcome', scope: 'operator' })
})

test('who does not trust the certificate, or speaks plain http, gets nothing; the store goes on', async () => {
  const tls = await makeCertificate(NAMES)
  const store = await startTestStore({ tls })
  const bearer = { authorization: `Bearer ${store.token}` }
  await expect(ask(`${store.url}/api/jobs`, undefined, bearer)).rejects.toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  })
  const plain = openRaw(store.port)
  plain.write(`GET /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nAuthorization: Bearer ${store.token}\r\n\r\n`)
  expect((await plain.ended).toString('latin1')).not.toContain('HTTP/1.1')
  expect((await ask(`${store.url}/healthz`, tls.cert)).status).toBe(200)
})

test('the names of the certificate are names of the store, and no others are', async () => {
  const tls = await makeCertificate(NAMES)
  const store = await startTestStore({ tls })
  const statusAs = async (host: string) => (await ask(`${store.url}/healthz`, tls.cert, { host })).status
  expect(await statusAs(`paw.example:${store.port}`)).toBe(200)
  expect(await statusAs(`localhost:${store.port}`)).toBe(200)
  expect(await statusAs(`evil.example:${store.port}`)).toBe(403)
})

test('a connection that does not shake hands is ended', async () => {
  const store = await startTestStore({ tls: await makeCertificate(NAMES), times: { headersMs: 20 } })
  expect((await openRaw(store.port).ended).length).toBeLessThan(200)
})

test('a certificate says for whom it is, and when', async () => {
  const { cert } = await makeCertificate('DNS:Paw.example,DNS:*.wild.example,IP:10.1.2.3,IP:::1,IP:fe80::1:2')
  expect(namesOfCertificate(cert)).toEqual(['paw.example', '10.1.2.3', '[::1]', '[fe80::1:2]'])
  expect(outOfDate(cert, Date.now())).toBeNull()
  expect(outOfDate(cert, Date.now() + 3 * 86_400_000)).toMatch(/ to /)
  expect(outOfDate(cert, Date.now() - 86_400_000)).toMatch(/ to /)
})

test('a store is opened under a name that its certificate is for', async () => {
  const local = (await makeCertificate('DNS:localhost')) as { cert: string; key: string }
  const lan = await makeCertificate('DNS:paw.example,IP:10.1.2.3')
  expect(urlOf('127.0.0.1', 1, null)).toBe('http://127.0.0.1:1')
  expect(urlOf('0.0.0.0', 1, null)).toBe('http://127.0.0.1:1')
  expect(urlOf('::1', 1, null)).toBe('http://[::1]:1')
  expect(urlOf('127.0.0.1', 1, local)).toBe('https://localhost:1')
  expect(urlOf('0.0.0.0', 1, local)).toBe('https://localhost:1')
  expect(urlOf('10.1.2.3', 1, lan)).toBe('https://10.1.2.3:1')
  expect(urlOf('0.0.0.0', 1, lan)).toBe('https://paw.example:1')
})

test('files that do not do are told with the flag, what was expected, and what is there', async () => {
  const [one, other] = [await makeCertificate('DNS:localhost'), await makeCertificate('DNS:localhost')]
  const nothing = `${one.certFile}.none`
  const text = `${one.certFile}.txt`
  await writeFile(text, 'a certificate')
  const refused = async (cert: string | undefined, key: string | undefined) =>
    readCertificate(cert, key).then(
      () => 'accepted',
      (error: Error) => error.message,
    )
  expect(await readCertificate(undefined, undefined)).toBeNull()
  expect(await readCertificate(one.certFile, one.keyFile)).toEqual({ cert: one.cert, key: one.key })
  expect(await refused(one.certFile, undefined)).toMatch(
    /^--tls-key \(PAWPRINT_TLS_KEY\): expected the file .* got none$/,
  )
  expect(await refused(undefined, one.keyFile)).toMatch(
    /^--tls-cert \(PAWPRINT_TLS_CERT\): expected the file .* got none$/,
  )
  expect(await refused(nothing, one.keyFile)).toMatch(
    /^--tls-cert .*: expected a file that can be read, got ENOENT.*\.none'$/,
  )
  expect(await refused(one.certFile, nothing)).toMatch(/^--tls-key .*: expected a file that can be read, got ENOENT/)
  expect(await refused(text, one.keyFile)).toMatch(/^--tls-cert .*: expected a certificate in PEM form, got .*\.txt/)
  expect(await refused(one.certFile, text)).toMatch(/^--tls-key .*: expected a private key in PEM form/)
  expect(await refused(one.keyFile, one.certFile)).toMatch(/^--tls-cert .*: expected a certificate in PEM form/)
  expect(await refused(one.certFile, other.keyFile)).toMatch(
    /^--tls-key .*: expected the private key of .*cert\.pem, got /,
  )
})
