// Preloaded into the store's process: answers over IPC what only the process itself can measure. The store knows nothing of it.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { cpuSecondsOf } from './statistics.mjs'

/** Milliseconds between two samples; what a sample takes longer is the lag of the event loop. */
const RESOLUTION_MS = 5

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
delay.enable()
const lagMs = (ns) => Math.max(0, ns / 1e6 - RESOLUTION_MS)

let maxRssBytes = 0
const note = () => {
  maxRssBytes = Math.max(maxRssBytes, process.memoryUsage.rss())
}
const timer = setInterval(note, 100)
timer.unref()

process.on('message', ({ ask }) => {
  note()
  process.send({
    lagP50Ms: lagMs(delay.percentile(50)),
    lagP99Ms: lagMs(delay.percentile(99)),
    lagMaxMs: lagMs(delay.max),
    rssBytes: process.memoryUsage.rss(),
    heapBytes: process.memoryUsage().heapUsed,
    externalBytes: process.memoryUsage().external,
    maxRssBytes,
    cpuSeconds: cpuSecondsOf(process.cpuUsage()),
  })
  if (ask !== 'restart') return
  delay.reset()
  maxRssBytes = 0
})
process.channel.unref()
