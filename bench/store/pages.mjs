/**
 * Many pages in one process, each of which follows one job and measures how old each line is when it comes; and one that stops
 * reading. Arguments: URL, token. Requests: open (jobs), restart, read, stop (job), resume (seq).
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { cpuSecondsOf, summaryOf } from './statistics.mjs'

const [url, token] = process.argv.slice(2)
const nowMs = () => Number(process.hrtime.bigint()) / 1e6
/** A page whose line is read again learns within this time that it was cut. */
const CUT_KNOWN_MS = 5_000
let cpu = process.cpuUsage()
let ages = []
let gaps = 0
let closes = 0

/** Follows a job from behind line `seq`. `take` is given each line in turn. */
async function follow(job, seq, take) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    maxPayload: 64 * 1024 * 1024,
  })
  const page = { socket, job, seq }
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const message = JSON.parse(data)
    if (message.type !== 'log') return
    for (const line of message.lines) {
      if (line.seq !== ++page.seq) gaps++
      take(line)
    }
  })
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'hello', version: 1, role: 'page' }))
  socket.send(JSON.stringify({ type: 'follow', job, afterLog: seq, afterMetric: 0 }))
  return page
}

async function open(job) {
  const { socket } = await follow(job, 0, ({ text }) => {
    const at = /at (\d+\.\d+)$/.exec(text)?.[1]
    if (at) ages.push(nowMs() - Number(at))
  })
  socket.on('close', () => closes++)
}

let stopped = null

const ANSWERS = {
  open: ({ jobs }) => Promise.all(jobs.map(open)),
  restart() {
    ages = []
    cpu = process.cpuUsage()
  },
  read: () => ({
    lineToPageMs: summaryOf(ages),
    gaps,
    closes,
    cpuSeconds: cpuSecondsOf(process.cpuUsage(cpu)),
  }),
  async stop({ job }) {
    let isFirst = true
    stopped = await follow(job, 0, () => {
      if (isFirst) stopped.socket.pause()
      isFirst = false
    })
  },
  /** Whether the page that stopped was cut; then it comes back with its cursor and reads on to line `seq`. */
  async resume({ seq }) {
    const { socket, job } = stopped
    const closed = once(socket, 'close').then(() => true)
    socket.resume()
    const cut = await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CUT_KNOWN_MS, false))])
    const resumedFrom = stopped.seq
    socket.terminate()
    let done
    const whole = new Promise((resolve) => {
      done = resolve
    })
    const page = await follow(job, resumedFrom, (line) => line.seq >= seq && done())
    await whole
    page.socket.terminate()
    return { cut, resumedFrom, lines: page.seq, gaps }
  },
}

process.on('message', async (request) => process.send((await ANSWERS[request.type](request)) ?? {}))
process.on('disconnect', () => process.exit(0))
