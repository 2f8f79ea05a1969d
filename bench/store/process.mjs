// The store as it runs: its own process and a real data folder on a free port. Beside it the processes that load it.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))
const MAIN = file('../../store-server/dist/main.js')

/** Starts a store and waits until it answers. `nodeFlags` are Node's own, such as a smaller heap. */
export async function startStore(folder, nodeFlags = []) {
  const startedMs = performance.now()
  const child = fork(MAIN, ['--data', folder, '--port', '0'], {
    execArgv: ['--import', file('./probe.mjs'), ...nodeFlags],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  let url
  for await (const line of createInterface({ input: child.stdout })) {
    url = /^Store: (http:\S+?)\/\?token=/.exec(line)?.[1]
    if (url) break
  }
  if (!url) throw new Error('the store did not start')
  child.stdout.resume()
  const token = (await readFile(join(folder, 'token'), 'utf8')).trim()
  const ask = async (what) => {
    child.send({ ask: what })
    return (await once(child, 'message'))[0]
  }
  return {
    url,
    token,
    pid: child.pid,
    startMs: performance.now() - startedMs,
    /** Lag, memory and processor time since the last `restart`. */
    probe: () => ask('read'),
    restartProbe: () => ask('restart'),
    async end(signal = 'SIGTERM') {
      child.kill(signal)
      await ended
    },
  }
}

/** A process that loads the store: answers each request with one message. */
export function startLoader(name, ...args) {
  const child = fork(file(`./${name}.mjs`), args.map(String))
  const ended = once(child, 'exit').then(() => null)
  return {
    async ask(request) {
      child.send(request)
      const answer = await Promise.race([once(child, 'message'), ended])
      if (!answer) throw new Error(`${name} ended early`)
      return answer[0]
    },
    async end() {
      child.disconnect()
      await ended
    },
  }
}

/** One call of the API; throws unless it answers 2xx. */
export async function call({ url, token }, method, path, body, headers = {}) {
  const isBytes = body instanceof Uint8Array
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
      ...headers,
    },
    body: body === undefined || isBytes ? body : JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
  return JSON.parse(text)
}
