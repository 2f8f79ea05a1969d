// The connection of the Python client: how it reads frames, and what it does when it is refused.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { startPython, startSearch } from './python.ts'
import { openStage } from './stage.ts'

test('a wrong token is final', async () => {
  const stage = await openStage()
  onTestFinished(() => stage.close())
  const search = startSearch(stage.store.port, 'wrong')
  const [code] = await once(search.child, 'close')
  expect(code).toBe(1)
  await search.says(/HTTP 401 .*E_AUTH/)
})

const ECHO = `
import sys
from pawprint_websocket import WebSocket
connection = WebSocket(sys.argv[1], "token")
while True:
    message = connection.receive(1)
    if message is not None:
        connection.send(message)
`

test('the Python WebSocket reads fragments with a ping between them, and frames of all three lengths', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const echo = startPython(ECHO, [`ws://127.0.0.1:${(server.address() as AddressInfo).port}`])
  const [socket] = await once(server, 'connection')
  const next = async () => JSON.parse(String((await once(socket, 'message'))[0]))
  for (const length of [1, 200, 70_000]) {
    const message = { type: 'echo', text: 'é'.repeat(length) }
    const [one, two] = [JSON.stringify(message).slice(0, 9), JSON.stringify(message).slice(9)]
    const pong = once(socket, 'pong')
    socket.send(one, { fin: false })
    socket.ping('between')
    socket.send(two, { fin: true })
    expect(await next()).toEqual(message)
    expect(String((await pong)[0])).toBe('between')
  }
  socket.close(4409, 'replaced')
  expect((await once(socket, 'close'))[0]).toBe(4409)
  await expect(echo.says(/never/)).rejects.toThrow('closed with 4409 replaced')
})
