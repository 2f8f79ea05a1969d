import { randomBytes } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { FILE_MODE, FOLDER_MODE } from './disk.ts'
import { errnoOf } from './errno.ts'
import { StorageError } from './storage.ts'

/*
 * One process per data folder. Node has no flock, so two things stand for it.
 *
 * Is the holder alive? It listens on a Unix socket in the lock folder. The kernel closes that socket with the process, however it
 * ends; a process id cannot say as much (ids are used again, and a container sees only its own).
 *
 * Who holds it? The file with the highest number (1, 2, 3 …), which names the holder's socket and pid. A dead holder is
 * followed by making the next number with link, which one process alone can do. Nothing is deleted that may be in use: removing a
 * "stale" lock is how two late starters both win. The last number stays behind after a release, so numbers never begin anew.
 */
export interface Lock {
  /** Says that a release comes soon: who asks from now on may wait for it. */
  retire(): void
  release(): Promise<void>
}

interface Holder {
  readonly pid: number
  readonly socket: string
}

interface Generation {
  readonly number: number
  readonly holder: Holder
}

// sun_path holds 108 bytes on Linux and 104 on macOS, with its closing zero.
const MAX_SOCKET_PATH_BYTES = 103

/** A path of the socket that the kernel takes: on Linux one through the folder's open handle, when its own is too long. */
function socketPath(folder: string, handle: FileHandle, name: string): string {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path
  return process.platform === 'linux' ? `/proc/self/fd/${handle.fd}/${name}` : path
}

/**
 * Throws StorageError E_LOCKED, with the holder's pid, while another process (or this one) holds `folder`. A holder that retires is
 * waited for, at most `waitMs`, default 0.
 */
export async function lockFolder(folder: string, waitMs = 0): Promise<Lock> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  const handle = await open(folder, 'r')
  let mayWait = waitMs > 0
  try {
    for (;;) {
      const before = await generationsOf(folder)
      const last = before.at(-1)
      const path = last && socketPath(folder, handle, last.holder.socket)
      if (last && path && (await isAlive(path))) {
        if (mayWait) {
          mayWait = false
          await outlast(path, waitMs)
          continue
        }
        throw new StorageError(
          'E_LOCKED',
          folder,
          'a data folder that is free',
          `one held by process ${last.holder.pid}`,
        )
      }
      const server = await take(folder, handle, (last?.number ?? 0) + 1)
      if (server === null) continue
      // Seen before our turn and so followed by us: nobody waits on these.
      for (const { number, holder } of before) {
        await rm(join(folder, `${number}`), { force: true })
        await rm(join(folder, holder.socket), { force: true })
      }
      return { retire: server.retire, release: () => server.close().finally(() => handle.close()) }
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Becomes holder `number`: null when another process was faster. */
async function take(folder: string, handle: FileHandle, number: number): Promise<Door | null> {
  const name = randomBytes(8).toString('hex')
  const holder: Holder = { pid: process.pid, socket: `${name}.socket` }
  const temp = join(folder, `${name}.tmp`)
  const server = await listen(socketPath(folder, handle, holder.socket))
  try {
    // Written whole and listening before it has a number, so that nobody can see a holder that is not ready.
    await writeFile(temp, JSON.stringify(holder), { flag: 'wx', mode: FILE_MODE })
    await link(temp, join(folder, `${number}`))
    if ((await generationsOf(folder)).at(-1)?.number === number) return server
    // Someone took a higher number and removed this one while we were looking; the higher one holds.
    await rm(join(folder, `${number}`), { force: true })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') {
      await server.close()
      throw error
    }
  } finally {
    await rm(temp, { force: true })
  }
  await server.close()
  return null
}

/** All holders that are written down, the present one last. */
async function generationsOf(folder: string): Promise<Generation[]> {
  const numbers = (await readdir(folder)).filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number)
  const generations: Generation[] = []
  for (const number of numbers.sort((a, b) => a - b)) {
    const holder = await readHolder(join(folder, `${number}`))
    if (holder) generations.push({ number, holder })
  }
  return generations
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    const { pid, socket } = Object(value)
    if (typeof pid === 'number' && typeof socket === 'string' && /^\w+\.socket$/.test(socket)) return { pid, socket }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    if (!(error instanceof SyntaxError)) throw error
  }
  // Zeros after a power cut: its number counts, but nobody can live behind it.
  return { pid: 0, socket: 'none.socket' }
}

const isAlive = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Anything else, such as a full backlog, comes from a socket that somebody listens on.
    socket.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(errnoOf(error))))
  })

/** Waits for the end of whoever listens on `path`: one that goes on closes the connection at once. */
const outlast = (path: string, waitMs: number): Promise<void> =>
  new Promise((resolve) => {
    const socket = createConnection(path)
    const timer = setTimeout(() => socket.destroy(), waitMs)
    socket.once('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })

/** What a holder listens with. */
interface Door {
  /** From now on who knocks is kept waiting, and hears of the end as it comes. */
  retire(): void
  close(): Promise<void>
}

const listen = (path: string): Promise<Door> =>
  new Promise((resolve, reject) => {
    const waiting = new Set<Socket>()
    let retiring = false
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (!retiring) return void socket.destroy()
      waiting.add(socket.resume().unref())
      socket.once('close', () => waiting.delete(socket))
    })
    const close = (): Promise<void> =>
      new Promise((done) => {
        server.close(() => done())
        // Only now: whoever waited must find nobody there any more.
        for (const socket of waiting) socket.destroy()
      })
    server.once('error', reject)
    server.listen({ path, exclusive: true }, () => {
      // A connection that could not be taken was only a question, and the kernel has answered it.
      server.on('error', () => {})
      server.unref()
      const retire = (): void => {
        retiring = true
      }
      resolve({ retire, close })
    })
  })
