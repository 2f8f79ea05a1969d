import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import type { AgentError } from '../errors.ts'
import { TIMES, type Times } from '../times.ts'
import { openConnection, refusalOf } from './connection.ts'

test.each([401, 403, 426, 4401, 4403, 4409, 4426])('the answer %i is final', (code) => {
  expect(refusalOf(code, 'said')).toMatchObject({ code: 'E_REFUSED', got: expect.stringContaining('said') })
})

test.each([1000, 1006, 1012, 1013, 4400, 4408, 4413, 302, 404, 429, 500, 502])(
  'after %i another try follows',
  (code) => {
    expect(refusalOf(code, '')).toBeUndefined()
  },
)

type Behaviour = (accept: () => Promise<import('ws').WebSocket>, refuse: (text: string) => void) => void

const serve = (...behaviours: Behaviour[]) => serveWith({}, behaviours)

/** A server that does to each connection what comes next in the list. */
async function serveWith(times: Partial<Times>, behaviours: readonly Behaviour[]) {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  let count = 0
  server.on('upgrade', (request, stream, head) => {
    const accept = () =>
      new Promise<import('ws').WebSocket>((done) => sockets.handleUpgrade(request, stream, head, done))
    behaviours[Math.min(count++, behaviours.length - 1)]?.(accept, (text) => stream.end(text))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const lost: string[] = []
  const outcome = new Promise<string | AgentError>((resolve) => {
    const connection = openConnection(
      {
        address: { socketUrl: `ws://127.0.0.1:${port}/ws`, httpUrl: '', token: 'T' },
        instance: 'me',
        times: { ...TIMES, reconnect: { firstMs: 1, maxMs: 2 }, ...times },
        random: () => 0.5,
      },
      {
        onWelcome: () => resolve('welcome'),
        onMessage: () => undefined,
        onOdd: () => undefined,
        onLost: (reason) => lost.push(reason),
        onStopped: resolve,
      },
    )
    onTestFinished(async () => {
      await connection.close()
      for (const client of sockets.clients) client.terminate()
      server.close()
    })
  })
  return { outcome, lost }
}

const WELCOME = JSON.stringify({ type: 'welcome', version: 1, now: '2026-01-02T03:04:05.678Z', scope: 'agent' })
const welcome = async (accept: () => Promise<import('ws').WebSocket>) => {
  const socket = await accept()
  socket.once('message', () => socket.send(WELCOME))
}

test('pages of proxies and broken lines are tried again until the store answers', async () => {
  const { outcome, lost } = await serve(
    (_, refuse) => refuse('HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>'),
    (_, refuse) => refuse('HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n'),
    (_, refuse) => refuse(''),
    welcome,
  )
  expect(await outcome).toBe('welcome')
  expect(lost).toHaveLength(3)
})

test('a server that accepts and then says nothing is left', async () => {
  const { outcome, lost } = await serveWith({ pingMs: 20, deadMs: 50 }, [(accept) => void accept(), welcome])
  expect(await outcome).toBe('welcome')
  // On a busy machine the second connection may be silent for too long as well.
  expect(lost.length).toBeGreaterThan(0)
})

test('a refusal shows what the store says', async () => {
  const body = JSON.stringify({ error: { code: 'E_SCOPE', message: 'expected scope agent, got viewer' } })
  const { outcome } = await serve((_, refuse) =>
    refuse(`HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
  )
  expect(await outcome).toMatchObject({
    code: 'E_REFUSED',
    message: expect.stringContaining('expected scope agent, got viewer'),
  })
})

test('another version of the store is final', async () => {
  const { outcome } = await serve(async (accept) => (await accept()).close(4426, 'this store speaks version 2'))
  expect(await outcome).toMatchObject({ message: expect.stringContaining('this store speaks version 2') })
})
