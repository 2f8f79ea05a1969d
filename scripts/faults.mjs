// Kills, power cuts, full disks and bad lines, tried at length: npm run test:faults [-- --seed N] [-- --long] [-- FILE].
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { main, prepare, ROOT, run, Stop } from './prepare.mjs'

main(async () => {
  const { values, positionals } = parseArgs({
    options: { seed: { type: 'string' }, long: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const seed = values.seed ?? String(randomInt(2 ** 31))
  if (!/^\d{1,10}$/.test(seed)) throw new Stop(`--seed: expected a whole number, got "${seed}"`)
  await prepare()
  console.log(`Seed ${seed}: npm run test:faults -- --seed ${seed} tries the same again.`)
  const size = values.long ? 'long' : 'suite'
  const env = { ...process.env, PAWPRINT_SEED: seed, PAWPRINT_FAULTS: size }
  const files = positionals.length > 0 ? positionals : ['faults/', 'Races.test']
  await run(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...files], { env })
})
