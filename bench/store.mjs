/**
 * The store under load: its own process, a real data folder, load from other processes over loopback. Usage:
 *   npm run bench -- store [--parts logs,uploads,folder,deploy] [--agents 1000] [--lines 10000] [--pages 100] [--seconds 60]
 *     [--uploads 100] [--jobs 10000] [--trials 10] [--queued 10000] [--folder DIR]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureDeploy } from './store/deploy.mjs'
import { measureFolder } from './store/folder.mjs'
import { measureLogs } from './store/logs.mjs'
import { measureUploads } from './store/uploads.mjs'

const PARTS = { logs: measureLogs, uploads: measureUploads, folder: measureFolder, deploy: measureDeploy }
const NUMBERS = {
  agents: 1000,
  lines: 10_000,
  pages: 100,
  seconds: 60,
  uploads: 100,
  jobs: 10_000,
  trials: 10,
  queued: 10_000,
}
const { values } = parseArgs({
  options: {
    parts: { type: 'string', default: Object.keys(PARTS).join() },
    folder: { type: 'string', default: tmpdir() },
    ...Object.fromEntries(
      Object.entries(NUMBERS).map(([key, value]) => [key, { type: 'string', default: `${value}` }]),
    ),
  },
})
const numbers = Object.fromEntries(Object.keys(NUMBERS).map((key) => [key, Number(values[key])]))
const results = {}
for (const part of values.parts.split(',')) {
  const folder = mkdtempSync(join(values.folder, 'pawprint-bench-'))
  try {
    results[part] = await PARTS[part](folder, numbers)
    console.log(part, JSON.stringify(results[part], null, 2))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
const target = new URL('./results/store.json', import.meta.url)
mkdirSync(new URL('.', target), { recursive: true })
const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version }
writeFileSync(target, `${JSON.stringify({ machine, numbers, results }, null, 2)}\n`)
