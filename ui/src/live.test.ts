import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { retryWaitMs } from './live.ts'
import { connected, heard, testLive, testServer } from './liveTesting.ts'

describe('live connection', () => {
  test('says hello first, and hands over messages in order, without pings', async () => {
    const server = await testServer()
    const { messages, live } = testLive(server.url)
    const socket = await server.sockets.next()
    expect(await heard(socket)).toBe('{"type":"hello"}')
    for (const text of ['{"type":"a","n":1}', '{"type":"ping"}', '{"type":"a","n":2}']) socket.send(text)
    expect([await messages.next(), await messages.next()]).toEqual([
      { type: 'a', n: 1 },
      { type: 'a', n: 2 },
    ])
    expect(live.send({ type: 'follow' })).toBe(true)
    expect(await heard(socket)).toBe('{"type":"follow"}')
  })

  test('comes back after a cut, says since when it is lost, and greets again', async () => {
    const { server, socket, clock, statuses } = await connected()
    socket.terminate()
    expect(await statuses.next()).toEqual({ type: 'lost', sinceMs: 1_000_000, nextTryMs: 1_000_250 })
    clock.move(250)
    const second = await server.sockets.next()
    expect(await heard(second)).toBe('{"type":"hello"}')
    second.send('{"type":"welcome"}')
    expect(await statuses.next()).toEqual({ type: 'connected' })
  })

  test('waits longer with each try that fails, and the loss keeps its start', async () => {
    const { server, socket, clock, statuses } = await connected()
    server.close()
    socket.terminate()
    const waits: number[] = []
    for (let tries = 1; tries <= 9; tries++) {
      const status = await statuses.next()
      if (status.type !== 'lost') throw new Error(`expected lost, got ${status.type}`)
      expect(status.sinceMs).toBe(1_000_000)
      waits.push(status.nextTryMs - clock.now())
      clock.move(status.nextTryMs - clock.now())
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
  })

  test('goes on trying until the server is back on its port', async () => {
    const { server, socket, clock, statuses, messages } = await connected()
    server.close()
    socket.terminate()
    await statuses.next()
    clock.move(250)
    await statuses.next()
    const again = await testServer(server.port)
    clock.move(500)
    ;(await again.sockets.next()).send('{"type":"welcome"}')
    expect(await statuses.next()).toEqual({ type: 'connected' })
    expect(await messages.next()).toEqual({ type: 'welcome' })
  })

  test.each([
    [4401, 'unauthorized'],
    [4403, 'unauthorized'],
    [4426, 'version'],
  ])('stops after close code %i and says why', async (code, type) => {
    const { socket, clock, statuses, live } = await connected()
    socket.close(code, 'because')
    expect(await statuses.next()).toEqual({ type, reason: 'because' })
    expect(clock.waits()).toEqual([])
    expect(live.send({ type: 'a' })).toBe(false)
  })

  test.each([[1000], [1012], [4400], [4408], [4413]])('tries again after close code %i', async (code) => {
    const { socket, statuses } = await connected()
    socket.close(code)
    expect(await statuses.next()).toMatchObject({ type: 'lost' })
  })

  test('asks over HTTP why an upgrade was refused, and stops at 401', async () => {
    const server = createServer().on('upgrade', (_request, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { statuses, clock } = testLive(`ws://127.0.0.1:${port}`, { probe: async () => 401 })
    expect(await statuses.next()).toEqual({ type: 'connecting' })
    expect(await statuses.next()).toMatchObject({ type: 'lost' })
    expect(await statuses.next()).toEqual({ type: 'unauthorized', reason: '401' })
    expect(clock.waits()).toEqual([])
  })

  test('counts 45 s of silence as death once the server has pinged', async () => {
    const { server, socket, clock, statuses, messages } = await connected()
    socket.send('{"type":"ping"}')
    socket.send('{"type":"a"}')
    await messages.next()
    clock.move(44_999)
    expect(clock.waits()).toEqual([1])
    clock.move(1)
    expect(await statuses.next()).toMatchObject({ type: 'lost', sinceMs: 1_045_000 })
    clock.move(250)
    ;(await server.sockets.next()).send('{"type":"welcome"}')
    expect(await statuses.next()).toEqual({ type: 'connected' })
  })

  test('does not time a server that never pings', async () => {
    const { clock } = await connected()
    expect(clock.waits()).toEqual([])
  })

  test('gives up on a server that accepts and then says nothing for 45 s', async () => {
    const server = await testServer()
    const { clock, statuses } = testLive(server.url)
    await server.sockets.next()
    await statuses.next()
    clock.move(45_000)
    expect(await statuses.next()).toMatchObject({ type: 'lost' })
  })

  test('tryNow ends the wait, and a second connection is not opened beside a good one', async () => {
    const { server, socket, statuses, live, clock } = await connected()
    socket.terminate()
    await statuses.next()
    live.tryNow()
    const second = await server.sockets.next()
    second.send('{"type":"welcome"}')
    await statuses.next()
    live.tryNow()
    expect(clock.waits()).toEqual([])
    second.send('{"type":"a"}')
  })

  test('tryNow starts again after a refusal', async () => {
    const { server, socket, statuses, live } = await connected()
    socket.close(4401, '')
    await statuses.next()
    live.tryNow()
    expect(await statuses.next()).toEqual({ type: 'connecting' })
    ;(await server.sockets.next()).send('{"type":"welcome"}')
    expect(await statuses.next()).toEqual({ type: 'connected' })
  })

  test('a message that cannot be read cuts the connection and is tried again, and says so', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const { socket, statuses } = await connected()
    socket.send('{')
    expect(await statuses.next()).toMatchObject({ type: 'lost' })
    expect(said).toHaveBeenCalledOnce()
  })

  test('closes for good', async () => {
    const { socket, live, clock } = await connected()
    const gone = new Promise((resolve) => socket.once('close', resolve))
    live.close()
    await gone
    expect(clock.waits()).toEqual([])
  })
})

test.each([
  [1, 0, 0],
  [1, 1, 500],
  [2, 1, 1000],
  [6, 1, 16_000],
  [7, 1, 30_000],
  [1e6, 1, 30_000],
])('the wait before try %i with chance %d is %i ms', (tries, random, ms) => {
  expect(retryWaitMs(tries, random)).toBe(ms)
})
