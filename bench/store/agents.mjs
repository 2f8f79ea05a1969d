/**
 * Many agents in one process, each with its own connection and one job of one trial. They print lines evenly spread over time and
 * batch them as the real agent does: for a while, and until the batch before is acknowledged, or until a message is full. Each line
 * carries its number and the time at which it was printed.
 * Arguments: URL, token, name prefix, agents. Requests: connect, launch, print, drain.
 */
import { once } from 'node:events'
import { BATCH_WAIT_MS, MAX_BATCH_RECORDS } from '@pawprint/protocol'
import { WebSocket } from 'ws'
import { call } from './process.mjs'
import { cpuSecondsOf, summaryOf } from './statistics.mjs'

const [url, token, prefix, count] = process.argv.slice(2)
const TICK_MS = 10
/** An agent that is not read stops reading its own sources. */
const MAX_BUFFERED_BYTES = 1024 * 1024
const SCHEMA = [{ key: 'SEED', type: 'integer', list: false, min: 0, max: 2 ** 32 - 1, default: 7, about: '' }]
const TASK = {
  name: 'bench',
  classNames: ['cat', 'dog'],
  metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 },
}

/** Linux counts the same nanoseconds in every process. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6
const agents = []
const ackMs = []
let closes = 0
let refusals = 0

async function open(name) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  })
  const agent = { name, socket, run: null, printed: 0, acked: 0, lines: [], firstAtMs: 0, waiting: new Map(), ids: 0 }
  const seated = new Promise((resolve) => {
    agent.seated = resolve
  })
  agent.started = new Promise((resolve) => {
    agent.start = resolve
  })
  socket.on('message', (data) => take(agent, JSON.parse(data)))
  socket.on('close', () => closes++)
  await once(socket, 'open')
  const send = (message) => socket.send(JSON.stringify(message))
  send({ type: 'hello', version: 1, role: 'agent', instance: `bench-${name}` })
  const registration = { name, task: TASK, schema: SCHEMA, engine: 'bench', cores: 2, slots: 1, host: 'bench', pid: 1 }
  send({ type: 'register', id: 'r', ...registration, attempts: [] })
  await seated
  return agent
}

function take(agent, message) {
  if (message.type === 'registered') agent.seated()
  if (message.type === 'refused') refusals++
  if (message.type === 'run') {
    const { job, trial, attempt, lease } = message
    agent.run = { job, trial, attempt, lease }
    agent.start()
  }
  if (message.type !== 'ack') return
  const batch = agent.waiting.get(message.id)
  if (!batch) return
  agent.waiting.delete(message.id)
  agent.acked += batch.lines
  ackMs.push(nowMs() - batch.sentMs)
}

function print(agent, lines) {
  const time = new Date().toISOString()
  if (agent.lines.length === 0) agent.firstAtMs = nowMs()
  for (let i = 0; i < lines; i++) {
    const text = `line ${++agent.printed} of a training that says what it does at ${nowMs().toFixed(3)}`
    agent.lines.push(JSON.stringify({ kind: 'log', time, level: 'info', text }))
  }
}

function flush(agent) {
  while (agent.lines.length > 0) {
    const isFull = agent.lines.length >= MAX_BATCH_RECORDS
    if (!isFull && (agent.waiting.size > 0 || nowMs() - agent.firstAtMs < BATCH_WAIT_MS)) return
    if (agent.socket.bufferedAmount > MAX_BUFFERED_BYTES) return
    const lines = agent.lines.splice(0, MAX_BATCH_RECORDS)
    const id = `b${++agent.ids}`
    const first = agent.printed - agent.lines.length - lines.length + 1
    const head = JSON.stringify({ type: 'records', id, ...agent.run, first })
    agent.socket.send(`${head.slice(0, -1)},"records":[${lines.join(',')}]}`)
    agent.waiting.set(id, { lines: lines.length, sentMs: nowMs() })
  }
}

/**
 * Prints `perSecond` lines a second, all agents together, evenly spread; what a late tick missed it makes good. Answers what that
 * cost this process.
 */
async function printFor({ seconds, perSecond }) {
  ackMs.length = 0
  const cpu = process.cpuUsage()
  const startMs = nowMs()
  const before = agents.map(({ printed }) => printed)
  const each = perSecond / agents.length
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsed = Math.min(seconds, (nowMs() - startMs) / 1000)
      agents.forEach((agent, i) => {
        // Each agent begins at another moment, or all would print together.
        const due = Math.floor(elapsed * each + i / agents.length) - (agent.printed - before[i])
        if (due > 0 && agent.lines.length < 4 * MAX_BATCH_RECORDS) print(agent, due)
        flush(agent)
      })
      if (elapsed < seconds) return
      clearInterval(timer)
      resolve()
    }, TICK_MS)
  })
  return { cpuSeconds: cpuSecondsOf(process.cpuUsage(cpu)), ackMs: summaryOf(ackMs) }
}

/** Waits until everything is acknowledged. */
async function drain() {
  const startedMs = nowMs()
  const isBusy = ({ lines, waiting }) => lines.length > 0 || waiting.size > 0
  while (agents.some(isBusy) && closes === 0 && nowMs() - startedMs < 60_000) {
    for (const agent of agents) flush(agent)
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  const jobs = agents.map(({ run, printed, acked }) => ({ job: run.job, printed, acked }))
  return { jobs, drainMs: nowMs() - startedMs, closes, refusals }
}

const ANSWERS = {
  async connect() {
    const startedMs = nowMs()
    agents.push(...(await Promise.all(Array.from({ length: Number(count) }, (_, i) => open(`${prefix}-${i}`)))))
    return { ms: nowMs() - startedMs }
  },
  async launch() {
    const startedMs = nowMs()
    const queue = [...agents]
    const worker = async () => {
      for (let agent = queue.pop(); agent; agent = queue.pop())
        await call({ url, token }, 'POST', '/api/jobs', { notebook: agent.name })
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    await Promise.all(agents.map(({ started }) => started))
    return { ms: nowMs() - startedMs, jobs: agents.map(({ run }) => run.job) }
  },
  print: (request) => printFor(request),
  drain,
}

process.on('message', async (request) => process.send((await ANSWERS[request.type](request)) ?? {}))
process.on('disconnect', () => process.exit(0))
