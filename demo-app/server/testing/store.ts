import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CurrentModel, type FromDemo, parseFromDemo } from '@pawprint/protocol'
import { onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

export const TOKEN = 'a-token-of-the-test-store'

export interface TestStore {
  readonly url: URL
  /** The next message that fits, earlier ones included. */
  heard(fits: (message: FromDemo) => boolean): Promise<FromDemo>
  deploy(current: CurrentModel): void
  /** Weights by sha1, as downloads get them. */
  readonly weights: Map<string, Uint8Array>
  readonly downloads: string[]
  /** Resolves when so many messages of a type have come. */
  heardTimes(type: FromDemo['type'], times: number): Promise<unknown>
  /** From now on this token counts; who is connected stays. */
  replaceToken(token: string): void
  /** Connections refused for their token. */
  refused(): number
  /** Ends all connections, as a restart does. */
  cut(): void
}

/** The store's side of the demo's protocol, over real sockets. */
export async function testStore(): Promise<TestStore> {
  const weights = new Map<string, Uint8Array>()
  const downloads: string[] = []
  const current = new Map<string, CurrentModel>()
  const messages: FromDemo[] = []
  const waiting = new Set<() => void>()
  let token = TOKEN
  let refused = 0
  const server = createServer((request, response) => {
    const sha1 = /^\/api\/models\/([0-9a-f]{40})\/weights$/.exec(request.url ?? '')?.[1] ?? ''
    const bytes = request.headers.authorization === `Bearer ${token}` ? weights.get(sha1) : undefined
    downloads.push(sha1)
    response.statusCode = bytes ? 200 : 404
    response.end(bytes)
  })
  const wss = new WebSocketServer({
    server,
    path: '/ws',
    verifyClient: ({ req }, done) => {
      const isKnown = req.headers.authorization === `Bearer ${token}`
      if (!isKnown) refused++
      done(isKnown, 401)
    },
  })
  /** The first answer of `look` that is not undefined, asked again at each message. */
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const check = () => {
        const found = look()
        if (found === undefined) return
        waiting.delete(check)
        resolve(found)
      }
      waiting.add(check)
      check()
    })
  const send = (ws: WebSocket, message: unknown) => ws.send(JSON.stringify(message))
  wss.on('connection', (ws) =>
    ws.on('message', (data) => {
      const message = parseFromDemo(String(data))
      if (message.type === 'hello') {
        send(ws, { type: 'welcome', version: 1, now: new Date().toISOString(), scope: 'viewer' })
        for (const one of current.values()) send(ws, { type: 'deployed', current: one })
      }
      messages.push(message)
      for (const check of [...waiting]) check()
    }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const ws of wss.clients) ws.terminate()
  }
  onTestFinished(async () => {
    cut()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    ...{
      weights,
      downloads,
      cut,
      replaceToken: (next: string) => {
        token = next
      },
      refused: () => refused,
      url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`),
    },
    heard: (fits) => until(() => messages.find(fits)),
    heardTimes: (type, times) => until(() => messages.filter((message) => message.type === type)[times - 1]),
    deploy(one) {
      current.set(one.task.name, one)
      for (const ws of wss.clients) if (ws.readyState === WebSocket.OPEN) send(ws, { type: 'deployed', current: one })
    },
  }
}
