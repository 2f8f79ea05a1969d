// Agents print, pages follow: how late lines come, what it costs, and whether every acknowledged line is there after a kill.
import { MAX_LOG_LINES_PER_ATTEMPT } from '@pawprint/protocol'
import { call, startLoader, startStore } from './process.mjs'

/** The job's whole log through the API, checked: seq without gaps, the agent's lines in order, as many as were acknowledged and are kept. */
async function verify(store, { job, acked }) {
  let seq = 0
  let own = 0
  for (let after = '0'; after !== null; ) {
    const { items, next } = await call(store, 'GET', `/api/jobs/${job}/log?after=${after}&limit=100000`)
    for (const line of items) {
      if (line.seq !== ++seq) throw new Error(`job ${job}: expected seq ${seq}, got ${line.seq}`)
      const number = /^line (\d+) of/.exec(line.text)?.[1]
      if (number !== undefined && Number(number) !== ++own)
        throw new Error(`job ${job}: line ${number} after ${own - 1}`)
    }
    after = next
  }
  if (own < Math.min(acked, MAX_LOG_LINES_PER_ATTEMPT))
    throw new Error(`job ${job}: ${acked} lines were acknowledged, ${own} are there`)
  return own
}

async function verifyAll(folder, jobs) {
  const store = await startStore(folder)
  let lines = 0
  for (const job of jobs) lines += await verify(store, job)
  await store.end()
  return lines
}

const FLOOD_SECONDS = 15
const FLOOD_LINES = 100_000
/** The store cuts who was silent for 45 s, and looks every 15 s. */
const CUT_MS = 65_000

/**
 * The same once more beside one agent that prints as fast as it is read, and a page that follows it and stops reading: how late the
 * lines of the others come now, and how much of one core each process takes.
 */
async function flood(store, writers, readers, { lines, seconds }) {
  const flooder = startLoader('agents', store.url, store.token, 'flood', 1)
  await flooder.ask({ type: 'connect' })
  const { jobs } = await flooder.ask({ type: 'launch' })
  await readers.ask({ type: 'stop', job: jobs[0] })
  const stoppedMs = performance.now()
  const flooding = flooder.ask({ type: 'print', seconds, perSecond: FLOOD_LINES })
  const { lineToPageMs, ...during } = await measure(store, writers, readers, { lines, seconds })
  await flooding
  const drained = await flooder.ask({ type: 'drain' })
  await flooder.end()
  const [{ acked }] = drained.jobs
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, stoppedMs + CUT_MS - performance.now())))
  return {
    flooded: { lineToPageMs, ...during, flooderLinesPerSecond: acked / seconds },
    stoppedPage: await readers.ask({ type: 'resume', seq: Math.min(acked, MAX_LOG_LINES_PER_ATTEMPT) }),
    flooder: drained.jobs,
  }
}

/** All agents print for `seconds`. Processor time is given in shares of one core. */
async function measure(store, writers, readers, { lines, seconds }) {
  await readers.ask({ type: 'restart' })
  const before = await store.restartProbe()
  const { ackMs, cpuSeconds } = await writers.ask({ type: 'print', seconds, perSecond: lines })
  const { cpuSeconds: storeSeconds, ...during } = await store.probe()
  const read = await readers.ask({ type: 'read' })
  const spent = storeSeconds - before.cpuSeconds
  return {
    lineToPageMs: read.lineToPageMs,
    gaps: read.gaps,
    closes: read.closes,
    ackMs,
    ...during,
    cores: { store: spent / seconds, agents: cpuSeconds / seconds, pages: read.cpuSeconds / seconds },
    cpuMicrosecondsPerLine: (spent * 1e6) / (lines * seconds),
  }
}

export async function measureLogs(folder, { agents, lines, pages, seconds }) {
  const store = await startStore(folder)
  const writers = startLoader('agents', store.url, store.token, 'agent', agents)
  const readers = startLoader('pages', store.url, store.token)
  const connected = await writers.ask({ type: 'connect' })
  const connecting = await store.restartProbe()
  const launched = await writers.ask({ type: 'launch' })
  const launching = await store.restartProbe()
  await readers.ask({ type: 'open', jobs: launched.jobs.slice(0, pages) })
  await writers.ask({ type: 'print', seconds: 2, perSecond: lines })
  const steady = await measure(store, writers, readers, { lines, seconds })
  const { flooder, ...others } = await flood(store, writers, readers, {
    lines,
    seconds: Math.min(seconds, FLOOD_SECONDS),
  })
  const { jobs, ...drained } = await writers.ask({ type: 'drain' })
  await store.end('SIGKILL')
  await writers.end()
  await readers.end()
  const all = [...jobs, ...flooder]
  const kept = await verifyAll(folder, all)
  return {
    connectMs: connected.ms,
    connectLagP99Ms: connecting.lagP99Ms,
    launchMs: launched.ms,
    launchLagP99Ms: launching.lagP99Ms,
    ...steady,
    ...others,
    ...drained,
    acked: all.reduce((sum, { acked }) => sum + acked, 0),
    kept,
  }
}
