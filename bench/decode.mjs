/**
 * A folder of photographs made into a dataset, ours against Pillow, in turns in one run: `datasets.imageFolder` without its cache
 * (list, hash, decode, resize, fingerprint), with and without native code, and at a second start, from its cache; beside a loop over Pillow
 * (open, turn upright, RGB, resize by Lanczos), in one process as torchvision's ImageFolder does, and in as many processes or threads as
 * there are cores; each also by Pillow's `draft`, where the JPEG decoder shrinks as it does here. All read files that the system has in
 * memory. Then the peak of ours in memory at N, 2 N and 5 N pictures. On a busy machine look at processor time, too. Usage:
 *   npm run bench -- decode [--images 2000] [--picture 500x375] [--size 64] [--rounds 3] [--python python3]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { drawFolder, repeatFolder } from './decode/draw.mjs'
import { median } from './store/statistics.mjs'
import { start } from './train/process.mjs'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '2000' },
    picture: { type: 'string', default: '500x375' },
    size: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
})
const [images, size, rounds] = [values.images, values.size, values.rounds].map(Number)
const [width, height] = values.picture.split('x').map(Number)
const picture = { width, height }
const root = mkdtempSync(join(tmpdir(), 'bench-decode-'))
const file = (name) => fileURLToPath(new URL(name, import.meta.url))
const startOurs = (...flags) => start(process.execPath, [file('./decode/ours.mjs'), ...flags])
const startPillow = (...args) => start(values.python, [file('./decode/peer.py'), ...args])

function findPillow() {
  if (spawnSync(values.python, ['-c', 'import PIL'], { stdio: 'ignore' }).status === 0) return true
  console.log('Without Pillow beside it. On Debian or Ubuntu: sudo apt-get install python3-pil; elsewhere: --python')
  return false
}

/** Seconds of each contestant, by the clock and of processor time, by turns; one round before counts for nothing. */
async function measureSpeed(folder) {
  const cores = availableParallelism()
  const contestants = {
    ours: startOurs(),
    'ours without native code': startOurs('--no-native'),
    'ours, second start': startOurs('--cache', join(root, 'cache')),
  }
  if (findPillow())
    for (const [name, mode] of [
      ['Pillow', 'plain'],
      ['Pillow by draft', 'draft'],
    ])
      for (const [count, kind] of [
        [1, 'process'],
        [cores, 'processes'],
        [cores, 'threads'],
      ])
        contestants[`${name}, ${count} ${kind}`] = startPillow(`${count}`, kind, mode)
  const results = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++)
    for (const [name, process] of Object.entries(contestants)) {
      const answer = await process.ask({ folder, size })
      if (answer.images !== images) throw new Error(`${name}: expected ${images} images, got ${answer.images}`)
      if (round > 0) results[name].push(answer)
    }
  for (const process of Object.values(contestants)) process.stop()
  return results
}

function showSpeed(results) {
  const of = (name, kind) => median(results[name].map((one) => one[kind]))
  for (const name of Object.keys(results)) {
    const [seconds, cpu] = [of(name, 'seconds'), of(name, 'cpuSeconds')]
    const all = results[name].map((one) => one.seconds.toFixed(2)).join(' ')
    const ratios = `ours is ${(seconds / of('ours', 'seconds')).toFixed(2)} times as fast`
    const perCpu = `${(cpu / of('ours', 'cpuSeconds')).toFixed(2)} per processor second`
    const line = `${name}: ${seconds.toFixed(2)} s (${all}), ${cpu.toFixed(2)} s of processor time`
    console.log(
      name === 'ours' ? `${line}, ${(images / seconds).toFixed(0)} pictures a second` : `${line}; ${ratios}, ${perCpu}`,
    )
  }
}

/** Peak of resident memory of a process that makes one dataset, in MiB, and of their pixels. */
async function measureMemory(folder, count) {
  const ours = startOurs()
  await ours.ask({ folder: null })
  const before = ours.peakMegabytes()
  const answer = await ours.ask({ folder, size })
  if (answer.images !== count) throw new Error(`expected ${count} images, got ${answer.images}`)
  const peak = ours.peakMegabytes()
  ours.stop()
  return { images: count, before, peak, pixels: (count * size * size * 3) / 2 ** 20 }
}

try {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`)
  const { folder, meanBytes } = await drawFolder(join(root, 'one'), images, picture)
  console.log(
    `${images} drawn JPEGs of ${picture.width} × ${picture.height}, ${(meanBytes / 1024).toFixed(0)} KiB each, to ${size} × ${size}`,
  )
  showSpeed(await measureSpeed(folder))
  for (const times of [1, 2, 5]) {
    const repeated = times === 1 ? folder : repeatFolder(folder, join(root, `${times}`), times)
    const { images: count, before, peak, pixels } = await measureMemory(repeated, images * times)
    const rest = (peak - pixels).toFixed(0)
    console.log(
      `${count} pictures: peak ${peak.toFixed(0)} MiB, without their pixels ${rest} MiB (${before.toFixed(0)} MiB before)`,
    )
  }
} finally {
  rmSync(root, { recursive: true })
}
