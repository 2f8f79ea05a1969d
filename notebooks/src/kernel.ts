import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Connection, openClient } from './client.ts'
import { asRecord, type JupyterMessage } from './jupyter.ts'

/** A running kernel. */
export interface Kernel {
  readonly pid: number
  /** Resolves when the process has ended, with what it said outside of cells. */
  readonly exited: Promise<string>
  /** Runs a cell; resolves with the reply's content when it has ended and all its output has come. Rejects when the kernel dies. */
  execute(code: string, onStart: (requestId: string) => void): Promise<Readonly<Record<string, unknown>>>
  /** Asks it to end, then insists: SIGTERM after `graceMs`, SIGKILL a second later. */
  shutdown(graceMs: number): Promise<void>
  /** Ends it now. */
  kill(): void
}

export interface KernelOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Every message that is no reply: output and state. */
  readonly onOutput: (message: JupyterMessage) => void
  /** What code in the kernel sends by `process.send`. */
  readonly onSignal: (message: unknown) => void
  readonly startMs?: number
}

const KERNEL_SPEC = fileURLToPath(new URL('../kernel/kernels/pawprint', import.meta.url))
const CHANNELS = ['shell', 'iopub', 'stdin', 'control', 'hb'] as const

/** Starts our kernelspec's kernel, exactly as Jupyter would, and waits until it answers. Throws when it does not. */
export async function startKernel(options: KernelOptions): Promise<Kernel> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-'))
  const connection = await describeConnection(folder)
  const file = join(folder, 'connection.json')
  await writeFile(file, JSON.stringify(connection), { mode: 0o600 })
  const child = await spawnKernel(file, options)
  const exited = exitOf(child).finally(() => rm(folder, { recursive: true, force: true }))
  const client = openClient(connection, options.onOutput)
  let isOver = false
  void exited.then((said) => {
    isOver = true
    client.close(new Error(`the kernel ended by itself${said === '' ? '' : `: ${said}`}`))
  })
  const late = setTimeout(() => child.kill('SIGKILL'), options.startMs ?? 60_000)
  // A timer that is left would keep the runner for a minute after a kernel that did not start.
  await client.ready(() => !isOver).finally(() => clearTimeout(late))
  return {
    pid: child.pid ?? 0,
    exited,
    execute: (code, onStart) => client.execute(code, onStart),
    async shutdown(graceMs) {
      if (isOver) return
      client.send('control', 'shutdown_request', { restart: false })
      const timers = [
        setTimeout(() => child.kill('SIGTERM'), graceMs),
        setTimeout(() => child.kill('SIGKILL'), graceMs + 1000),
      ]
      await exited
      timers.forEach(clearTimeout)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

async function spawnKernel(connectionFile: string, { cwd, env, onSignal }: KernelOptions): Promise<ChildProcess> {
  const spec = asRecord(JSON.parse(await readFile(join(KERNEL_SPEC, 'kernel.json'), 'utf8')))
  const argv = (spec.argv as string[]).map((part) =>
    part.replace('{resource_dir}', KERNEL_SPEC).replace('{connection_file}', connectionFile),
  )
  // A Ctrl-C reaches all of a terminal's process group, but in a kernel it means "interrupt": ours ends it in order.
  const detached = process.platform !== 'win32'
  const child = spawn(process.execPath, argv.slice(1), { cwd, env, detached, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  child.on('message', onSignal)
  return child
}

// The last that a dying kernel says is worth more than the first.
const MAX_LAST_WORDS = 4000

function exitOf(child: ChildProcess): Promise<string> {
  let said = ''
  const listen = (part: Buffer): void => {
    said = (said + part.toString()).slice(-MAX_LAST_WORDS)
  }
  child.stdout?.on('data', listen)
  child.stderr?.on('data', listen)
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(`${said.trim()} (${signal ?? `exit code ${code}`})`.trim()))
  })
}

/** Sockets in a folder of our own where the system has them, else free ports of the loopback interface. */
async function describeConnection(folder: string): Promise<Connection> {
  const common = { key: randomBytes(24).toString('hex'), signature_scheme: 'hmac-sha256' }
  const isWindows = process.platform === 'win32'
  const ports = isWindows ? await freePorts(CHANNELS.length) : CHANNELS.map((_, i) => i + 1)
  const named = Object.fromEntries(CHANNELS.map((channel, i) => [`${channel}_port`, ports[i] ?? 0]))
  if (isWindows) return { ...common, ...named, transport: 'tcp', ip: '127.0.0.1' }
  return { ...common, ...named, transport: 'ipc', ip: join(folder, 'socket') }
}

async function freePorts(count: number): Promise<number[]> {
  // All are held open together, so that they differ.
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => Number(asRecord(server.address()).port))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
