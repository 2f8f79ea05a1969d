/** Samples per second of every case, ours and PyTorch's modes in turns. */
import { findPython, median, startOurs, startPeer } from './process.mjs'

const MODES = [
  'eager',
  'eager+channels_last',
  'eager+foreach',
  'eager+channels_last+foreach',
  'trace',
  'trace+foreach',
  'trace+channels_last',
  'script',
  'script+channels_last',
]
/** Modes that are timed in every round, besides plain eager: the fastest of a first round of all. */
const BEST_MODES = 3
/** A core of any machine of the last ten years does more with OpenBLAS or MKL. */
const SLOW_BLAS_GFLOPS = 8

export async function measureSpeed(options) {
  const python = findPython(options.python)
  const results = []
  for (const threads of options.threads) results.push(...(await measure(threads, python, options)))
  print(results, options)
  return results
}

async function measure(threads, python, { cases, rounds, seconds }) {
  const ours = startOurs(threads)
  const peer = startPeer(python, threads)
  const { version, gflops } = await peer.next()
  if (gflops < SLOW_BLAS_GFLOPS) {
    console.error(
      `This PyTorch multiplies matrices at ${gflops.toFixed(1)} GFLOP/s: it has no fast BLAS, and the comparison is unfair.`,
    )
    console.error('On Debian or Ubuntu: sudo apt-get install libopenblas0-pthread')
  }
  const runs = []
  for (const name of cases) {
    const first = []
    for (const mode of MODES) first.push({ mode, ...(await peer.ask({ case: name, mode, seconds: seconds / 2 })) })
    first.sort((a, b) => b.samplesPerSecond - a.samplesPerSecond)
    const modes = [...new Set([...first.slice(0, BEST_MODES).map(({ mode }) => mode), 'eager'])]
    await ours.ask({ case: name, seconds: seconds / 2 })
    runs.push({ case: name, threads, ours: [], peer: Object.fromEntries(modes.map((mode) => [mode, []])) })
  }
  for (let round = 1; round <= rounds; round++) {
    console.error(`${threads} thread(s), round ${round} of ${rounds}`)
    for (const run of runs) {
      run.ours.push(await ours.ask({ case: run.case, seconds }))
      for (const mode of Object.keys(run.peer)) run.peer[mode].push(await peer.ask({ case: run.case, mode, seconds }))
    }
  }
  ours.stop()
  peer.stop()
  return runs.map((run) => ({ ...summary(run), torch: version, torchMatmulGflops: gflops }))
}

function summary({ case: name, threads, ours, peer }) {
  const medians = Object.entries(peer).map(([mode, runs]) => ({ mode, ...medianOf(runs) }))
  const best = medians.reduce((a, b) => (b.samplesPerSecond > a.samplesPerSecond ? b : a))
  const eager = medianOf(peer.eager)
  const own = medianOf(ours)
  return {
    case: name,
    threads,
    ours: own.samplesPerSecond,
    peer: best.samplesPerSecond,
    peerMode: best.mode,
    ratio: own.samplesPerSecond / best.samplesPerSecond,
    eager: eager.samplesPerSecond,
    eagerRatio: own.samplesPerSecond / eager.samplesPerSecond,
    cpuRatio: own.samplesPerCpuSecond / Math.max(...medians.map(({ samplesPerCpuSecond }) => samplesPerCpuSecond)),
    runs: { ours, peer },
  }
}

const medianOf = (runs) => ({
  samplesPerSecond: median(runs.map((run) => run.samplesPerSecond)),
  samplesPerCpuSecond: median(runs.map((run) => run.samplesPerCpuSecond)),
})

function print(results, { rounds, seconds }) {
  const round = (value) => Math.round(value).toLocaleString('en')
  const row = (cells) => console.log(`| ${cells.join(' | ')} |`)
  console.log(`\nSamples per second, median of ${rounds} rounds of ${seconds} s; PyTorch ${results[0]?.torch}\n`)
  row(['case', 'threads', 'ours', 'PyTorch, best', 'plain eager', 'ours / best', 'per CPU second', 'ours / eager'])
  row(new Array(8).fill('---'))
  for (const { case: name, threads, ours, peer, peerMode, eager, ratio, cpuRatio, eagerRatio } of results) {
    const ratios = [ratio, cpuRatio, eagerRatio].map((value) => value.toFixed(2))
    row([name, threads, round(ours), `${round(peer)} (${peerMode})`, round(eager), ...ratios])
  }
}
