import { connect } from 'node:net'
import { parseToPage } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { fakeAgent } from '../testing/fakeAgent.ts'
import { openPeer } from '../testing/peer.ts'
import { ask } from '../testing/raw.ts'
import { startTestStore } from '../testing/testStore.ts'

test.each([
  ['another name', { host: 'evil.example' }],
  ['a name that resolves here', { host: '127.0.0.1.nip.io:PORT' }],
  ['another page', { origin: 'http://evil.example', host: '127.0.0.1:PORT' }],
  ['a page without an address', { origin: 'null', host: '127.0.0.1:PORT' }],
])('a launch under %s is refused although the token is right', async (_, headers) => {
  const store = await startTestStore()
  const real = Object.entries(headers).map(([key, value]) => [key, value.replace('PORT', String(store.port))])
  const authorization = `Bearer ${store.token}`
  expect((await ask(store.port, 'POST', '/api/jobs', { ...Object.fromEntries(real), authorization })).status).toBe(403)
})

test('a request with two Host headers is refused', async () => {
  const store = await startTestStore()
  const host = `Host: 127.0.0.1:${store.port}`
  const socket = connect(store.port, '127.0.0.1')
  socket.end(
    `GET /api/jobs HTTP/1.1\r\n${host}\r\n${host}\r\nAuthorization: Bearer ${store.token}\r\nConnection: close\r\n\r\n`,
  )
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  expect(answer).toMatch(/^HTTP\/1\.1 403 /)
})

test('the printed address gives a cookie once and loses its token; the cookie opens the API and the socket', async () => {
  const store = await startTestStore()
  const first = await fetch(`${store.url}/?token=${store.token}`, { redirect: 'manual' })
  expect([first.status, first.headers.get('location')]).toEqual([303, '/'])
  const cookie = first.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(new RegExp(`^pawprint-${store.port}=[\\w-]{43};`))
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/)
  const pair = cookie.split(';')[0] ?? ''
  expect((await fetch(`${store.url}/api/jobs`, { headers: { cookie: pair } })).status).toBe(200)
  const forged = { cookie: pair, origin: 'http://evil.example' }
  const own = { cookie: pair, origin: store.url }
  await expect(openPeer(store.url, '', parseToPage, { headers: forged })).rejects.toThrow('403')
  await expect(openPeer(store.url, '', parseToPage, { headers: { cookie: pair } })).rejects.toThrow('403')
  await expect(openPeer(store.url, '', parseToPage)).rejects.toThrow('401')
  await (await openPeer(store.url, '', parseToPage, { headers: own })).close()
  expect((await fetch(`${store.url}/?token=wrong`, { redirect: 'manual' })).status).toBe(401)
})

test('after ten wrong tokens in a minute an address is told to wait, and the right token still works', async () => {
  const store = await startTestStore()
  const guess = (token: string) => fetch(`${store.url}/api/jobs`, { headers: { authorization: `Bearer ${token}` } })
  const statuses: number[] = []
  for (const token of [
    '',
    'x',
    store.token.slice(0, -1),
    `${store.token}x`,
    'ä',
    'y'.repeat(200),
    '1',
    '2',
    '3',
    '4',
    '5',
  ])
    statuses.push((await guess(encodeURIComponent(token))).status)
  expect(statuses).toEqual([...Array(10).fill(401), 429])
  expect((await guess(store.token)).status).toBe(200)
  await fakeAgent(store)
})
