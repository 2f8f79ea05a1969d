import { connect as connectTo, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { onTestFinished } from 'vitest'

/** What is kept from going on to the store, and who is told. */
interface Held {
  readonly text: string
  readonly onHeld: () => void
}

/** A TCP proxy in front of a store, whose connections can be cut. */
export async function startProxy(target: () => number) {
  const sockets = new Set<Socket>()
  let isOpen = true
  let held: Held | null = null
  const holding = (): Transform =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        // Without `done` nothing of this connection goes on.
        if (held !== null && chunk.includes(held.text)) held.onHeld()
        else done(null, chunk)
      },
    })
  const server = createServer((client) => {
    if (!isOpen) return client.resetAndDestroy()
    const store = connectTo(target(), '127.0.0.1')
    for (const [from, to] of [
      [client, store],
      [store, client],
    ] as const) {
      sockets.add(from)
      if (from === client) from.pipe(holding()).pipe(to)
      else from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  return {
    // The store accepts its own names only, so the proxy's port must be one of them.
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    cut,
    close: () => {
      isOpen = false
      cut()
    },
    open: () => {
      isOpen = true
    },
    /** Keeps what has this text, and all that comes after it on its connection, from the store. Resolves when there is such. */
    hold: (text: string) =>
      new Promise<void>((resolve) => {
        held = { text, onHeld: resolve }
      }),
    /** Holds nothing from now on; what was held stays so. */
    letGo: () => {
      held = null
    },
  }
}
