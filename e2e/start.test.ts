// npm start itself: the newcomer's first job, bad options, Ctrl-C, a second start, and a launcher that is killed.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { finished, jobsOf, type Pawprint, startPawprint, taskOf, until } from './pawprint.ts'

const TIMEOUT_MS = 240_000
const ROOT = join(import.meta.dirname, '..')
const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
}, TIMEOUT_MS)

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-start-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function start(args: string[], folder: string): Promise<Pawprint> {
  const paw = await startPawprint(args, folder)
  cleanups.push(() => paw.stop())
  return paw
}

/** Command lines of the processes that were started for this data folder. */
async function processesOf(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(folder))
}

const isAnswering = async (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  )

describe('npm start', { timeout: TIMEOUT_MS }, () => {
  test('trains, deploys and reloads a first job; ends cleanly; and starts again with all of it, launching nothing', async () => {
    const folder = await dataFolder()
    const first = await start([], folder)
    const [job] = await until(
      () => jobsOf(first),
      (jobs) => jobs.length === 1,
    )
    const done = await finished(first, job?.id ?? '')
    expect(done.trials.map(({ params }) => params.LEARNING_RATE)).toEqual([0.001, 0.002])
    const current = (await taskOf(first, done.task)).current
    expect(done.trials.map(({ sha1 }) => sha1)).toContain(current?.sha1)
    await until(
      async () => (await (await fetch(`${first.demoUrl}/api/current`)).json()) as { items: { sha1: string }[] },
      ({ items }) => items[0]?.sha1 === current?.sha1,
    )
    expect(await first.stop()).toBe(0)
    expect(await processesOf(folder)).toEqual([])
    expect(await readFile(join(folder, 'logs/store.log'), 'utf8')).not.toMatch(/error/i)

    const second = await start([], folder)
    expect((await jobsOf(second)).map(({ id, state }) => [id, state])).toEqual([[done.id, 'done']])
    expect((await taskOf(second, done.task)).current).toEqual(current)
    await until(
      async () => second.output(),
      (output) => output.includes('is registered'),
    )
    expect(await jobsOf(second)).toHaveLength(1)
    expect(await second.stop()).toBe(0)
  })

  test('that is killed leaves nothing running', async () => {
    const folder = await dataFolder()
    const paw = await startPawprint(['--no-sample'], folder)
    await until(
      async () => paw.output(),
      (output) => output.includes('is registered'),
    )
    paw.kill()
    await until(
      () => processesOf(folder),
      (processes) => processes.length === 0,
    )
    expect(await isAnswering(`${paw.storeUrl}/healthz`)).toBe(false)
    expect(await isAnswering(`${paw.demoUrl}/healthz`)).toBe(false)
  })

  test('without the notebook brings up store and demo only', async () => {
    const paw = await start(['--no-notebook'], await dataFolder())
    expect(await (await fetch(`${paw.storeUrl}/healthz`)).json()).toEqual({ status: 'ok' })
    expect(await isAnswering(`${paw.demoUrl}/healthz`)).toBe(true)
    expect(paw.output()).not.toContain('notebook')
  })

  test.each([
    ['--store-port 99999', '--store-port', '99999'],
    ['--demo-port x', '--demo-port', '"x"'],
    ['--fly', '--fly', ''],
  ])('%s is refused, naming flag and value', (args, flag, value) => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/start.mjs', ...args.split(' ')], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stderr).toContain(flag)
    expect(stderr).toContain(value)
    expect(stderr).not.toContain('at file:')
  })

  test.each(['store-port', 'demo-port'])('with its --%s in use says so by port and flag', async (flag) => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    cleanups.push(() => new Promise((resolve) => server.close(resolve)))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const child = spawn(process.execPath, ['scripts/start.mjs', '--data', await dataFolder(), `--${flag}`, `${port}`], {
      cwd: ROOT,
    })
    let output = ''
    child.stderr.on('data', (chunk) => {
      output += String(chunk)
    })
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1)
    expect(output).toContain(`Port ${port} is in use`)
    expect(output).toContain(`--${flag}`)
  })
})
