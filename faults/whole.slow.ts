// Everything at once, as a machine that loses power: store, demo, runner and kernel are killed in the midst of what each of them does.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import {
  finished,
  launch,
  notebookOf,
  type Pawprint,
  processesOf,
  startPawprint,
  taskOf,
  until,
} from '../e2e/pawprint.ts'
import { collect } from './collect.ts'
import { problemsOf } from './invariants.ts'

const TIMEOUT_MS = 600_000

const POLL_MS = 5

/** When to kill: told by the data folder, which is asked often. */
const MOMENTS: readonly [string, (folder: string) => boolean][] = [
  [
    'the kernel uploads',
    (folder) => existsSync(join(folder, 'uploads')) && readdirSync(join(folder, 'uploads')).length > 0,
  ],
  ['the demo reloads', (folder) => revisionShown(folder) > 0],
]

/** The revision that the demo is shown; 0 before any. */
function revisionShown(folder: string): number {
  const deployed = join(folder, 'deployed')
  const tasks = existsSync(deployed) ? readdirSync(deployed) : []
  const [path] = tasks.map((task) => join(deployed, task, 'current.json')).filter(existsSync)
  return path === undefined ? 0 : JSON.parse(readFileSync(path, 'utf8')).deployment.revision
}

/** Brings everything up, and kills all of it at that moment. */
async function dieWhen(folder: string, isNow: (folder: string) => boolean, job: string | null): Promise<string> {
  const paw = await startPawprint(['--no-sample'], folder)
  await notebookOf(paw, ({ state }) => state === 'idle' || state === 'busy')
  const config = { SEED: 7, EPOCHS: 1, NUM_FILTERS: 8, DENSE_WIDTH: 32, LEARNING_RATE: [0.001, 0.002, 0.003] }
  const id = job ?? (await launch(paw, 'cifar10', config)).id
  while (!isNow(folder)) await wait(POLL_MS)
  for (const pid of await processesOf(folder)) process.kill(pid, 'SIGKILL')
  await until(
    () => processesOf(folder),
    (left) => left.length === 0,
  )
  return id
}

async function servedByDemo(paw: Pawprint): Promise<string | undefined> {
  const { items } = (await (await fetch(`${paw.demoUrl}/api/current`)).json()) as { items: { sha1: string }[] }
  return items[0]?.sha1
}

test('killed while the kernel uploads, and again while the demo reloads, it goes on: the job is done and the demo serves its best model', {
  timeout: TIMEOUT_MS,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-whole-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  let job: string | null = null
  for (const [, isNow] of MOMENTS) job = await dieWhen(folder, isNow, job)
  const paw = await startPawprint(['--no-sample'], folder)
  onTestFinished(() => paw.stop().then(() => undefined))
  const done = await finished(paw, job ?? '')
  expect(done.trials.map(({ state }) => state)).toEqual(['done', 'done', 'done'])
  const { current } = await taskOf(paw, done.task)
  await until(
    () => servedByDemo(paw),
    (sha1) => sha1 === current?.sha1,
  )
  // What the kernels were told is theirs to know; what the store holds must fit together all the same.
  const final = await collect({ url: paw.storeUrl, token: paw.token }, folder, [])
  const begun = done.trials.flatMap(({ index, attempt, sha1 }) =>
    sha1 === null
      ? []
      : [{ act: { type: 'done' as const, job: done.id, trial: index, attempt, sha1 }, outcome: 'ok' as const }],
  )
  expect(problemsOf(begun, { ...final, strays: [] }, { ended: true })).toEqual([])
})
