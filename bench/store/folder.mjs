// A store that has been used for years: how fast it starts, lists, greets a page, deploys, and cancels a long queue.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fill } from './fill.mjs'
import { call, startLoader, startStore } from './process.mjs'
import { median } from './statistics.mjs'

const ROUNDS = 5
const LISTS = [
  '/api/jobs?limit=100',
  '/api/jobs?limit=1000',
  '/api/models?limit=100',
  '/api/models?limit=1000',
  '/api/models?limit=1000&after=50000',
]

async function measureLists(store) {
  const lists = {}
  for (const path of LISTS) {
    const runs = []
    for (let round = 0; round < ROUNDS; round++) {
      const startedMs = performance.now()
      await call(store, 'GET', path)
      runs.push(performance.now() - startedMs)
    }
    lists[path] = { ms: median(runs), maxMs: Math.max(...runs) }
  }
  return lists
}

/** Many jobs on one notebook, whose kernel works on the first: all the others are cancelled, by 16 callers side by side. */
async function measureCancel(store, count) {
  const kernel = startLoader('agents', store.url, store.token, 'queue', 1)
  await kernel.ask({ type: 'connect' })
  await kernel.ask({ type: 'launch' })
  const callers = async (values, work) => {
    const queue = [...values]
    const one = async () => {
      for (let value = queue.pop(); value !== undefined; value = queue.pop()) await work(value)
    }
    await Promise.all(Array.from({ length: 16 }, one))
  }
  const ids = []
  const startedMs = performance.now()
  await callers(Array(count).keys(), async () =>
    ids.push((await call(store, 'POST', '/api/jobs', { notebook: 'queue-0' })).id),
  )
  const launchedMs = performance.now()
  await store.restartProbe()
  await callers(ids, (id) => call(store, 'POST', `/api/jobs/${id}/stop`))
  const cancelMs = performance.now() - launchedMs
  const { lagP99Ms } = await store.probe()
  await kernel.end()
  return { count, launchMs: launchedMs - startedMs, cancelMs, lagP99Ms }
}

export async function measureFolder(folder, { jobs, trials, queued }) {
  const data = join(folder, 'data')
  await fill(data, jobs, trials)
  const first = await startStore(data)
  await first.end()
  const starts = []
  for (let round = 0; round < ROUNDS - 1; round++) {
    const store = await startStore(data)
    starts.push(store.startMs)
    await store.end(round % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
  }
  execFileSync('sync')
  const store = await startStore(data)
  const { rssBytes } = await store.restartProbe()
  const lists = await measureLists(store)
  const page = startLoader('pages', store.url, store.token)
  const startedMs = performance.now()
  await page.ask({ type: 'open', jobs: ['job1'] })
  const { items } = await call(store, 'GET', '/api/models?limit=1')
  const snapshotMs = performance.now() - startedMs
  const during = await store.probe()
  await page.end()
  const cancel = await measureCancel(store, queued)
  await store.end()
  return {
    jobs,
    models: jobs * trials,
    newest: items.length,
    startWithoutIndexMs: first.startMs,
    startMs: median(starts),
    rssBytes,
    lists,
    snapshotMs,
    lagP99Ms: during.lagP99Ms,
    lagMaxMs: during.lagMaxMs,
    cancel,
  }
}
