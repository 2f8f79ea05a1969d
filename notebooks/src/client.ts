import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import type * as Zeromq from 'zeromq'
import { type JupyterMessage, packMessage, unpackMessage } from './jupyter.ts'

/** What a connection file says: transport, ip, key and a port for each channel. */
export type Connection = Readonly<Record<string, string | number>>

/** The requesting side of Jupyter's protocol. The only file that knows zeromq, which tslab brings. */
export interface Client {
  /** Resolves when the kernel answers and its output arrives; rejects after `close`. */
  ready(isAlive: () => boolean): Promise<void>
  execute(code: string, onStart: (requestId: string) => void): Promise<Readonly<Record<string, unknown>>>
  /** A request whose reply nobody waits for. */
  send(channel: 'shell' | 'control', type: string, content: object): string
  /** Frees the sockets; what is under way rejects with `reason`. */
  close(reason: Error): void
}

interface Pending {
  reply?: Readonly<Record<string, unknown>>
  isIdle: boolean
  readonly resolve: (reply: Readonly<Record<string, unknown>>) => void
  readonly reject: (error: Error) => void
}

const READY_RETRY_MS = 200

const loadZeromq = (): typeof Zeromq => {
  const here = createRequire(import.meta.url)
  return createRequire(here.resolve('tslab/package.json'))('zeromq') as typeof Zeromq
}

export function openClient(connection: Connection, onOutput: (message: JupyterMessage) => void): Client {
  const zeromq = loadZeromq()
  const key = String(connection.key)
  const session = randomUUID()
  const pending = new Map<string, Pending>()
  const joint = connection.transport === 'ipc' ? '-' : ':'
  const addressOf = (channel: string): string =>
    `${connection.transport}://${connection.ip}${joint}${connection[`${channel}_port`]}`
  const shell = new zeromq.Dealer({ linger: 0 })
  const control = new zeromq.Dealer({ linger: 0 })
  const output = new zeromq.Subscriber({ linger: 0, receiveHighWaterMark: 0 })
  shell.connect(addressOf('shell'))
  control.connect(addressOf('control'))
  output.connect(addressOf('iopub'))
  output.subscribe()

  const settle = (id: string): void => {
    const request = pending.get(id)
    // The reply may overtake the output, so a cell has ended when the kernel says "idle" after it.
    if (request?.reply === undefined || !request.isIdle) return
    pending.delete(id)
    request.resolve(request.reply)
  }
  const onReply = (message: JupyterMessage): void => {
    const request = pending.get(message.parentId)
    if (request !== undefined) request.reply = message.content
    settle(message.parentId)
  }
  const onPublished = (message: JupyterMessage): void => {
    onOutput(message)
    const request = pending.get(message.parentId)
    if (request === undefined || message.type !== 'status' || message.content.execution_state !== 'idle') return
    request.isIdle = true
    settle(message.parentId)
  }
  void listen(shell, key, onReply)
  void listen(control, key, onReply)
  void listen(output, key, onPublished)

  const send: Client['send'] = (channel, type, content) => {
    const id = randomUUID()
    const frames = packMessage(key, { id, type, session, date: new Date().toISOString() }, content)
    // A kernel that is gone cannot take it; its end is told by its process.
    ;(channel === 'shell' ? shell : control).send(frames).catch(() => undefined)
    return id
  }
  const request = (
    type: string,
    content: object,
    onStart?: (id: string) => void,
  ): Promise<Readonly<Record<string, unknown>>> =>
    new Promise((resolve, reject) => {
      const id = send('shell', type, content)
      pending.set(id, { isIdle: false, resolve, reject })
      onStart?.(id)
    })
  return {
    send,
    async ready(isAlive) {
      // Output published before the subscription has arrived is lost, so it is asked until both ways work.
      for (let isReady = false; !isReady && isAlive(); ) {
        const late = new Promise<false>((resolve) => setTimeout(resolve, READY_RETRY_MS, false))
        isReady = await Promise.race([request('kernel_info_request', {}).then(() => true), late])
      }
      if (!isAlive()) throw new Error('the kernel did not start')
    },
    execute: (code, onStart) =>
      request(
        'execute_request',
        { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false, stop_on_error: true },
        onStart,
      ),
    close(reason) {
      for (const { reject } of pending.values()) reject(reason)
      pending.clear()
      for (const socket of [shell, control, output]) socket.close()
    },
  }
}

async function listen(
  socket: AsyncIterable<readonly Uint8Array[]>,
  key: string,
  onMessage: (message: JupyterMessage) => void,
): Promise<void> {
  // Ends when the socket is closed.
  for await (const frames of socket) {
    const message = unpackMessage(key, frames)
    if (message !== null) onMessage(message)
  }
}
