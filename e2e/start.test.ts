// npm start itself: the newcomer's first job, a second start, Ctrl-C, and launchers that are killed.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  checkpointStatus,
  finished,
  freePort,
  jobOf,
  jobsOf,
  launch,
  logOf,
  modelOf,
  notebookOf,
  type Pawprint,
  processesOf,
  startPawprint,
  taskOf,
  until,
} from './pawprint.ts'

const ROOT = join(import.meta.dirname, '..')
const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

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

const isAnswering = async (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  )

describe('npm start', () => {
  test('trains, deploys and reloads a first job; ends cleanly; starts again with all of it, launching nothing; and killed, leaves nothing running', async () => {
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

    const second = await startPawprint([], folder)
    expect((await jobsOf(second)).map(({ id, state }) => [id, state])).toEqual([[done.id, 'done']])
    expect((await taskOf(second, done.task)).current).toEqual(current)
    await until(
      async () => second.output(),
      (output) => output.includes('is registered'),
    )
    expect(await jobsOf(second)).toHaveLength(1)

    second.kill()
    await until(
      () => processesOf(folder),
      (processes) => processes.length === 0,
    )
    expect(await isAnswering(`${second.storeUrl}/healthz`)).toBe(false)
    expect(await isAnswering(`${second.demoUrl}/healthz`)).toBe(false)
  })

  test('after everything was killed at once in mid-job goes on: nothing is lost, and the same seed gives the same weights', async () => {
    const folder = await dataFolder()
    const first = await startPawprint(['--no-sample'], folder)
    await notebookOf(first, ({ state }) => state === 'idle')
    const config = {
      SEED: 7,
      EPOCHS: 3,
      BATCH_SIZE: 32,
      NUM_FILTERS: 8,
      DENSE_WIDTH: 32,
      LEARNING_RATE: [0.001, 0.002],
    }
    const { id } = await launch(first, 'cifar10', config)
    await until(
      () => jobOf(first, id),
      ({ trials }) => trials.some(({ progress }) => progress > 0.2),
    )
    await until(
      () => checkpointStatus(first, id, 0),
      (status) => status === 200,
    )
    const before = await logOf(first, id)
    for (const pid of await processesOf(folder)) process.kill(pid, 'SIGKILL')

    const second = await start(['--no-sample'], folder)
    const done = await finished(second, id)
    expect(done.trials.map(({ state }) => state)).toEqual(['done', 'done'])
    expect(done.trials.some(({ attempt }) => attempt === 2)).toBe(true)
    const log = await logOf(second, id)
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, i) => i + 1))
    expect(log.slice(0, before.length)).toEqual(before)
    expect(log.some(({ text }) => /^trial 1: goes on from step \d+$/.test(text))).toBe(true)

    const again = await finished(second, (await launch(second, 'cifar10', config)).id)
    expect(again.trials.map(({ sha1 }) => sha1)).toEqual(done.trials.map(({ sha1 }) => sha1))
    for (const { sha1 } of again.trials) expect((await modelOf(second, sha1 ?? '')).origins).toHaveLength(2)
  })

  test('without the notebook brings up store and demo only', async () => {
    const paw = await start(['--no-notebook'], await dataFolder())
    expect(await (await fetch(`${paw.storeUrl}/healthz`)).json()).toEqual({ status: 'ok' })
    expect(await isAnswering(`${paw.demoUrl}/healthz`)).toBe(true)
    expect(paw.output()).not.toContain('notebook')
  })

  test('Ctrl-C while the store is starting ends all of it, and is no failure', async () => {
    const data = await dataFolder()
    const args = ['scripts/start.mjs', '--data', data, '--store-port', `${await freePort()}`]
    args.push('--demo-port', `${await freePort()}`, '--no-notebook')
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'ignore' })
    cleanups.push(async () => child.kill('SIGKILL'))
    const ended = new Promise((resolve) => child.once('close', resolve))
    // The launcher opens its log when it starts the store.
    while (!existsSync(join(data, 'logs/store.log'))) await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })
})
