// Makes a dataset of each folder that it is asked for, and tells how long that took. Without a folder it only loads. With
// `--cache FOLDER` it keeps what it has decoded there; with `--no-native` it does without native code.
import { createInterface } from 'node:readline'
import { datasets } from '@pawprint/agent'
import { cpuSecondsOf } from '../store/statistics.mjs'

const [flag, cacheHome] = process.argv.slice(2)
const cache = flag === '--cache'
if (cache) process.env.XDG_CACHE_HOME = cacheHome
process.env.PAWPRINT_NATIVE = flag === '--no-native' ? 'off' : ''

for await (const line of createInterface({ input: process.stdin })) {
  const { folder, size } = JSON.parse(line)
  const startMs = performance.now()
  const startCpu = process.cpuUsage()
  let images = 0
  if (folder !== null) {
    const data = await datasets.imageFolder(folder, { imageSize: size, cache, onProgress: () => {} })
    images = data.train.labels.length + data.validation.labels.length + data.test.labels.length
  }
  const cpuSeconds = cpuSecondsOf(process.cpuUsage(startCpu))
  console.log(JSON.stringify({ images, seconds: (performance.now() - startMs) / 1000, cpuSeconds }))
}
