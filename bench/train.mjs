/**
 * Samples per second of training, ours against PyTorch, interleaved in one run: in every round each engine trains each case for some
 * seconds, so that a slow minute of the machine falls on both. On a busy machine look at the ratio per processor second. Usage:
 *   npm run bench -- train [--seconds 1.5] [--rounds 5] [--cases ABC] [--threads 1,2] [--python python3]
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const MODES = [
  'eager',
  'eager+channels_last',
  'eager+foreach',
  'trace',
  'trace+foreach',
  'script',
  'script+channels_last',
]
/** Modes that are timed in every round, besides plain eager: the fastest of a first round of all. */
const BEST_MODES = 3
/** A core of any machine of the last ten years does more with OpenBLAS or MKL. */
const SLOW_BLAS_GFLOPS = 8

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '5' },
    cases: { type: 'string', default: 'ABC' },
    threads: { type: 'string', default: '1,2' },
    python: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const cases = [...values.cases]

const file = (name) => fileURLToPath(new URL(name, import.meta.url))
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** A process that answers one JSON line per JSON line. */
function start(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} ${args.join(' ')} ended early`)
    return JSON.parse(value)
  }
  return {
    next,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      return next()
    },
    stop: () => child.stdin.end(),
  }
}

/** The first Python that has PyTorch: the one asked for, then the usual ones. */
function findPython() {
  const candidates = values.python ? [values.python] : ['python3', '/usr/bin/python3', 'python']
  const found = candidates.find((python) => spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0)
  if (found) return found
  console.error('PyTorch is needed to compare with. On Debian or Ubuntu: sudo apt-get install python3-torch')
  console.error('Elsewhere: pip install torch, then --python /path/to/its/python3')
  process.exit(1)
}

async function measure(threads, python) {
  const ours = start(process.execPath, [file('./train/ours.mjs'), String(threads)])
  const peer = start(python, [file('./train/peer.py'), String(threads)])
  const { version, gflops } = await peer.next()
  if (gflops < SLOW_BLAS_GFLOPS) {
    console.error(
      `This PyTorch multiplies matrices at ${gflops.toFixed(1)} GFLOP/s: it has no fast BLAS, and the comparison is unfair.`,
    )
    console.error('On Debian or Ubuntu: sudo apt-get install libopenblas0-pthread')
  }
  const results = []
  const modesOf = new Map()
  for (const name of cases) {
    const first = []
    for (const mode of MODES) first.push({ mode, ...(await peer.ask({ case: name, mode, seconds: seconds / 2 })) })
    first.sort((a, b) => b.samplesPerSecond - a.samplesPerSecond)
    modesOf.set(name, [...new Set([...first.slice(0, BEST_MODES).map(({ mode }) => mode), 'eager'])])
    await ours.ask({ case: name, seconds: seconds / 2 })
    results.push({
      case: name,
      threads,
      ours: [],
      peer: Object.fromEntries(modesOf.get(name).map((mode) => [mode, []])),
    })
  }
  for (let round = 1; round <= rounds; round++) {
    console.error(`${threads} thread(s), round ${round} of ${rounds}`)
    for (const result of results) {
      result.ours.push(await ours.ask({ case: result.case, seconds }))
      for (const mode of modesOf.get(result.case)) {
        result.peer[mode].push(await peer.ask({ case: result.case, mode, seconds }))
      }
    }
  }
  ours.stop()
  peer.stop()
  return results.map((result) => ({ ...summary(result), torch: version, torchMatmulGflops: gflops }))
}

function summary({ case: name, threads, ours, peer }) {
  const medians = Object.entries(peer).map(([mode, runs]) => ({ mode, ...medianOf(runs) }))
  const best = medians.reduce((a, b) => (b.samplesPerSecond > a.samplesPerSecond ? b : a))
  const bestCpu = Math.max(...medians.map(({ samplesPerCpuSecond }) => samplesPerCpuSecond))
  const own = medianOf(ours)
  const ratio = own.samplesPerSecond / best.samplesPerSecond
  const cpuRatio = own.samplesPerCpuSecond / bestCpu
  return { case: name, threads, ours: own, best, eager: medianOf(peer.eager), ratio, cpuRatio, runs: { ours, peer } }
}

const medianOf = (runs) => ({
  samplesPerSecond: median(runs.map((run) => run.samplesPerSecond)),
  samplesPerCpuSecond: median(runs.map((run) => run.samplesPerCpuSecond)),
})

const round = (value) => Math.round(value).toLocaleString('en')
const python = findPython()
const results = []
for (const threads of values.threads.split(',').map(Number)) results.push(...(await measure(threads, python)))

console.log(
  `\nSamples per second of training, median of ${rounds} rounds of ${seconds} s; PyTorch ${results[0].torch}; ${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}\n`,
)
const row = (cells) => console.log(`| ${cells.join(' | ')} |`)
row(['case', 'threads', 'ours', 'PyTorch, best', 'plain eager', 'ours / best', 'per CPU second', 'ours / eager'])
row(new Array(8).fill('---'))
for (const { case: name, threads, ours, best, eager, ratio, cpuRatio } of results) {
  const ofBest = `${round(best.samplesPerSecond)} (${best.mode})`
  const overEager = ours.samplesPerSecond / eager.samplesPerSecond
  const ratios = [ratio, cpuRatio, overEager].map((value) => value.toFixed(2))
  row([name, threads, round(ours.samplesPerSecond), ofBest, round(eager.samplesPerSecond), ...ratios])
}
const folder = new URL('./results/', import.meta.url)
mkdirSync(folder, { recursive: true })
const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version, seconds, rounds }
writeFileSync(new URL('train.json', folder), `${JSON.stringify({ machine, results }, null, 2)}\n`)
