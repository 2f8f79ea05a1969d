/**
 * Training, ours against PyTorch, interleaved in one run: in every round each engine trains each case for some seconds, so that a slow
 * minute of the machine falls on both. On a busy machine look at the ratio per processor second. Usage:
 *   npm run bench -- train [--parts speed,grid,feel] [--seconds 1.5] [--rounds 5] [--cases ABCDEF] [--threads 1,2] [--python python3]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureFeel } from './train/feel.mjs'
import { measureGrid } from './train/grid.mjs'
import { measureSpeed } from './train/speed.mjs'

const PARTS = { speed: measureSpeed, grid: measureGrid, feel: measureFeel }
const { values } = parseArgs({
  options: {
    parts: { type: 'string', default: Object.keys(PARTS).join() },
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '5' },
    cases: { type: 'string', default: 'ABCDEF' },
    threads: { type: 'string', default: '1,2' },
    python: { type: 'string' },
  },
})
const options = {
  seconds: Number(values.seconds),
  rounds: Number(values.rounds),
  cases: [...values.cases],
  threads: values.threads.split(',').map(Number),
  python: values.python,
}
const target = new URL('./results/train.json', import.meta.url)
mkdirSync(new URL('.', target), { recursive: true })
const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version }
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`)
for (const part of values.parts.split(',')) {
  const result = await PARTS[part](options)
  if (part !== 'speed') console.log(part, JSON.stringify(result, null, 2))
  const before = known()
  const { seconds, rounds } = options
  writeFileSync(target, `${JSON.stringify({ ...before, machine, [part]: result, seconds, rounds }, null, 2)}\n`)
}

/** What earlier runs of other parts found. */
function known() {
  try {
    return JSON.parse(readFileSync(target, 'utf8'))
  } catch {
    return {}
  }
}
