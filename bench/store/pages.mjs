/**
 * Many pages in one process, each of which follows one job and measures how old each line is when it comes.
 * Arguments: URL, token. Requests: open (jobs), restart, read.
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { summaryOf } from './statistics.mjs'

const [url, token] = process.argv.slice(2)
const nowMs = () => Number(process.hrtime.bigint()) / 1e6
let ages = []
let gaps = 0
let closes = 0

async function open(job) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    maxPayload: 64 * 1024 * 1024,
  })
  let seq = 0
  socket.on('close', () => closes++)
  socket.on('message', (data) => {
    const message = JSON.parse(data)
    if (message.type !== 'log') return
    const now = nowMs()
    for (const line of message.lines) {
      if (line.seq !== ++seq) gaps++
      const at = /at (\d+\.\d+)$/.exec(line.text)?.[1]
      if (at) ages.push(now - Number(at))
    }
  })
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'hello', version: 1, role: 'page' }))
  socket.send(JSON.stringify({ type: 'follow', job, afterLog: 0, afterMetric: 0 }))
}

const ANSWERS = {
  open: ({ jobs }) => Promise.all(jobs.map(open)),
  restart() {
    ages = []
  },
  read: () => ({ lineToPageMs: summaryOf(ages), gaps, closes }),
}

process.on('message', async (request) => process.send((await ANSWERS[request.type](request)) ?? {}))
process.on('disconnect', () => process.exit(0))
