import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** What is wrong with a line. Nothing, when all are left out. */
export interface Toxics {
  /** Milliseconds that each piece takes, each way. */
  readonly latencyMs?: number
  readonly bytesPerSecond?: number
  /** Largest piece that passes at a time. */
  readonly sliceBytes?: number
  /** The line breaks once so many bytes came from the store: a function is asked for each connection. */
  readonly breakAfterBytes?: () => number
  /** A line on which nothing passed for so long is forgotten, as a router forgets it: what is sent then vanishes. */
  readonly forgetAfterMs?: number
}

/** A line to the store with faults of its own. */
export interface Proxy {
  /** `host:port`, a name under which the store must know itself. */
  readonly host: string
  readonly url: string
  toxics: Toxics
  /** Connections that were made so far. */
  readonly connections: () => number
  /** Bytes that passed so far, both ways. */
  readonly passed: () => number
  /** Nothing passes any more, and nobody is told: neither end sees a close. New connections are taken, and lead nowhere. */
  vanish(): void
  /** New connections lead to the store again. What vanished stays so. */
  heal(): void
  /** Ends all connections with a reset. */
  reset(): void
  close(): Promise<void>
}

interface State {
  toxics: Toxics
  isHole: boolean
  connections: number
  passed: number
  readonly sockets: Set<Socket>
}

interface Pair {
  isHole: boolean
  /** Bytes from the store until it breaks. */
  left: number
  passedAt: number
}

/** Moves what comes to the other end, as the toxics say. */
async function pump(state: State, pair: Pair, from: Socket, to: Socket, isDown: boolean): Promise<void> {
  for await (const chunk of from) {
    const bytes: Uint8Array = chunk
    const { latencyMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY, sliceBytes = bytes.length } = state.toxics
    const { forgetAfterMs = Number.POSITIVE_INFINITY } = state.toxics
    if (performance.now() - pair.passedAt > forgetAfterMs) pair.isHole = true
    pair.passedAt = performance.now()
    const ms = latencyMs + (bytes.length / bytesPerSecond) * 1000
    if (ms > 0) await wait(ms)
    for (let at = 0; at < bytes.length && !pair.isHole; at += sliceBytes) {
      const piece = bytes.subarray(at, at + (isDown ? Math.min(sliceBytes, pair.left) : sliceBytes))
      if (!to.write(piece)) await once(to, 'drain')
      state.passed += piece.length
      if (!isDown) continue
      pair.left -= piece.length
      if (pair.left > 0) continue
      // Some bytes of an answer came, the rest never will.
      for (const socket of [from, to]) socket.resetAndDestroy()
      return
    }
  }
  if (!pair.isHole) to.end()
}

function join(state: State, client: Socket, port: number): void {
  state.connections++
  const pair: Pair = {
    isHole: state.isHole,
    left: state.toxics.breakAfterBytes?.() ?? Number.POSITIVE_INFINITY,
    passedAt: performance.now(),
  }
  const store = connect({ port, host: '127.0.0.1', noDelay: true })
  client.setNoDelay(true)
  for (const [one, other, isDown] of [
    [client, store, false],
    [store, client, true],
  ] as const) {
    state.sockets.add(one)
    one.on('error', () => undefined)
    one.on('close', () => {
      state.sockets.delete(one)
      if (!pair.isHole) other.destroy()
    })
    // An end that vanished is told by `close`.
    pump(state, pair, one, other, isDown).catch(() => undefined)
  }
  pairs.set(client, pair)
}

const pairs = new WeakMap<Socket, Pair>()

/** A proxy in front of the store that listens on `port()`. */
export async function openProxy(port: () => number): Promise<Proxy> {
  const state: State = { toxics: {}, isHole: false, connections: 0, passed: 0, sockets: new Set() }
  const server = createServer((client) => join(state, client, port()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const reset = (): void => {
    for (const socket of state.sockets) socket.resetAndDestroy()
  }
  return {
    host,
    url: `http://${host}`,
    get toxics() {
      return state.toxics
    },
    set toxics(toxics) {
      state.toxics = toxics
    },
    connections: () => state.connections,
    passed: () => state.passed,
    vanish() {
      state.isHole = true
      for (const socket of state.sockets) {
        const pair = pairs.get(socket)
        if (pair) pair.isHole = true
      }
    },
    heal() {
      state.isHole = false
    },
    reset,
    async close() {
      const closed = once(server, 'close')
      server.close()
      reset()
      await closed
    },
  }
}
