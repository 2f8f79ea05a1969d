import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { WebSocket as Client, type WebSocket, WebSocketServer } from 'ws'
import { type Live, type LiveStatus, openLive } from './live.ts'
import type { Clock, OpenSocket } from './socket.ts'

/** Node 20 has no WebSocket of its own: the same adapter as in a browser, over the client of `ws`. */
const openSocket: OpenSocket = (url, handlers) => {
  const socket = new Client(url)
  socket.on('open', () => handlers.open())
  socket.on('message', (data: Buffer) => handlers.message(data.toString('utf8')))
  socket.on('close', (code, reason) => handlers.close(code, reason.toString('utf8')))
  // `close` follows.
  socket.on('error', () => {})
  return { send: (text) => socket.send(text), close: () => socket.close() }
}

/** Time that stands still until a test moves it. */
function testClock(): Clock & { move(ms: number): void; waits(): number[] } {
  let nowMs = 1_000_000
  let timers: { at: number; run: () => void }[] = []
  return {
    now: () => nowMs,
    after(ms, run) {
      const timer = { at: nowMs + ms, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    move(ms) {
      nowMs += ms
      const due = timers.filter(({ at }) => at <= nowMs)
      timers = timers.filter(({ at }) => at > nowMs)
      for (const { run } of due) run()
    },
    waits: () => timers.map(({ at }) => at - nowMs),
  }
}

/** Values in the order they came, for tests that await them one by one. */
function queue<T>(): { put(value: T): void; next(): Promise<T> } {
  const values: T[] = []
  const takers: ((value: T) => void)[] = []
  return {
    put(value) {
      const taker = takers.shift()
      if (taker === undefined) values.push(value)
      else taker(value)
    },
    next() {
      const value = values.shift()
      return value === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(value)
    },
  }
}

type Message = { type: string; n?: number }
const parse = (text: string): Message => JSON.parse(text)
/** A real server on a free port, or on the one given, that hands over its sockets. */
export async function testServer(port = 0) {
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  const sockets = queue<WebSocket>()
  server.on('connection', (socket) => sockets.put(socket))
  await new Promise((resolve) => server.once('listening', resolve))
  const close = () => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  }
  onTestFinished(close)
  const { port: bound } = server.address() as AddressInfo
  return { port: bound, url: `ws://127.0.0.1:${bound}`, sockets, close }
}

/** A connection with a clock that the test moves. */
export function testLive(url: string, more: { probe?: () => Promise<number>; random?: () => number } = {}) {
  const clock = testClock()
  const statuses = queue<LiveStatus>()
  const messages = queue<Message>()
  const live: Live = openLive<Message>({
    url,
    parse,
    hello: { type: 'hello' },
    onMessage: messages.put,
    onStatus: statuses.put,
    clock,
    openSocket,
    random: () => 0.5,
    ...more,
  })
  onTestFinished(() => live.close())
  return { live, clock, statuses, messages }
}

/** The next message that the server gets. */
export const heard = (socket: WebSocket): Promise<string> =>
  new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString('utf8'))))

/** A page that has been welcomed. */
export async function connected(more: Parameters<typeof testLive>[1] = {}) {
  const server = await testServer()
  const page = testLive(server.url, more)
  const socket = await server.sockets.next()
  expect(await page.statuses.next()).toEqual({ type: 'connecting' })
  socket.send('{"type":"welcome"}')
  expect(await page.statuses.next()).toEqual({ type: 'connected' })
  expect(await page.messages.next()).toEqual({ type: 'welcome' })
  return { server, socket, ...page }
}
