/** Samples per second of every case: ours, natively where that is built and on ONNX Runtime, and PyTorch's modes in turns. */
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
  const engines = { ours: startOurs(threads), onnx: startOurs(threads, 'onnx') }
  const peers = { plain: startPeer(python, threads), kept: startPeer(python, threads, { keepsMemory: true }) }
  const { version, gflops } = await peers.plain.next()
  await peers.kept.next()
  if (gflops < SLOW_BLAS_GFLOPS) {
    console.error(
      `This PyTorch multiplies matrices at ${gflops.toFixed(1)} GFLOP/s: it has no fast BLAS, and the comparison is unfair.`,
    )
    console.error('On Debian or Ubuntu: sudo apt-get install libopenblas0-pthread')
  }
  const ask = async (name, memory, mode, time) => peers[memory].ask({ case: name, mode, seconds: time })
  const runs = []
  for (const name of cases) {
    const chosen = []
    for (const memory of Object.keys(peers)) {
      const first = []
      for (const mode of MODES) first.push({ memory, mode, ...(await ask(name, memory, mode, seconds / 2)) })
      first.sort((a, b) => b.samplesPerSecond - a.samplesPerSecond)
      chosen.push(...first.slice(0, BEST_MODES))
    }
    if (!chosen.some(({ memory, mode }) => memory === 'plain' && mode === 'eager'))
      chosen.push({ memory: 'plain', mode: 'eager' })
    for (const engine of Object.values(engines)) await engine.ask({ case: name, seconds: seconds / 2 })
    const peer = chosen.map(({ memory, mode }) => ({ memory, mode, runs: [] }))
    runs.push({ case: name, threads, ours: [], onnx: [], peer })
  }
  for (let round = 1; round <= rounds; round++) {
    console.error(`${threads} thread(s), round ${round} of ${rounds}`)
    for (const run of runs) {
      for (const [key, engine] of Object.entries(engines)) run[key].push(await engine.ask({ case: run.case, seconds }))
      for (const { memory, mode, runs: own } of run.peer) own.push(await ask(run.case, memory, mode, seconds))
    }
  }
  for (const child of Object.values({ ...engines, ...peers })) child.stop()
  return runs.map((run) => ({ ...summary(run), torch: version, torchMatmulGflops: gflops }))
}

function summary({ case: name, threads, ours, onnx, peer }) {
  const own = medianOf(ours)
  const medians = peer.map(({ memory, mode, runs }) => ({ memory, mode, ...medianOf(runs) }))
  const bestOf = (memory) =>
    medians.filter((each) => each.memory === memory).reduce((a, b) => (b.samplesPerSecond > a.samplesPerSecond ? b : a))
  const [plain, kept] = [bestOf('plain'), bestOf('kept')]
  const eager = medians.find(({ memory, mode }) => memory === 'plain' && mode === 'eager')
  const over = (each) => own.samplesPerSecond / each.samplesPerSecond
  return {
    case: name,
    threads,
    engine: ours[0].engine,
    ours: own.samplesPerSecond,
    onnx: medianOf(onnx).samplesPerSecond,
    peer: plain.samplesPerSecond,
    peerMode: plain.mode,
    ratio: over(plain),
    kept: { peer: kept.samplesPerSecond, peerMode: kept.mode, ratio: over(kept) },
    eager: { peer: eager.samplesPerSecond, ratio: over(eager) },
    runs: { ours, onnx, peer },
  }
}

const medianOf = (runs) => ({
  samplesPerSecond: median(runs.map((run) => run.samplesPerSecond)),
  samplesPerCpuSecond: median(runs.map((run) => run.samplesPerCpuSecond)),
})

function print(results, { rounds, seconds }) {
  const round = (value) => Math.round(value).toLocaleString('en')
  const cell = ({ peer, peerMode, ratio }) => `${round(peer)}${peerMode ? ` (${peerMode})` : ''}: ${ratio.toFixed(2)}`
  const row = (cells) => console.log(`| ${cells.join(' | ')} |`)
  console.log(
    `\nSamples per second, median of ${rounds} rounds of ${seconds} s; PyTorch ${results[0]?.torch}; ours (${results[0]?.engine}) / theirs behind the colon\n`,
  )
  row(['case', 'threads', 'ours', 'ours, ONNX Runtime', 'PyTorch, best', 'best, memory kept', 'plain eager'])
  row(new Array(7).fill('---'))
  for (const result of results) {
    const { case: name, threads, ours, onnx, kept, eager } = result
    row([name, threads, round(ours), round(onnx), cell(result), cell(kept), cell(eager)])
  }
}
