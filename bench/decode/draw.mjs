// Folders of drawn photographs: smooth light, shapes and grain, so that JPEGs of them are about as large as those of a camera.
import { linkSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

const CLASSES = 4
/** Canvases that all pictures are cut from: drawing each anew would take longer than the benchmark. */
const [CANVASES, MARGIN] = [24, 60]
const QUALITY = 90

/** Numbers from 0 to 1 by a seed: mulberry32, by T. Ettinger. */
function seeded(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Sine and cosine of `speed * n + start` for each n below `count`. */
const waveOf = (count, speed, start) =>
  [Math.sin, Math.cos].map((of) => Float64Array.from({ length: count }, (_, n) => of(speed * n + start)))

function drawCanvas(random, width, height) {
  const waves = Array.from({ length: 18 }, () => {
    const [across, down, start, strength] = [random() * 0.12, random() * 0.12, random() * 6, 4 + random() * 14]
    return { across: waveOf(width, across, start), down: waveOf(height, down, 0), strength }
  })
  const pixels = new Uint8Array(width * height * 3)
  for (let at = 0, y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++, at++) {
        let value = 128 + (random() - 0.5) * 24
        for (let n = channel; n < waves.length; n += 3) {
          const { across, down, strength } = waves[n]
          value += strength * (across[0][x] * down[1][y] + across[1][x] * down[0][y])
        }
        pixels[at] = Math.max(0, Math.min(255, value))
      }
  return { pixels, raw: { width, height, channels: 3 } }
}

/** Draws `count` pictures of `width` × `height`, no two alike, into a folder per class. */
export async function drawFolder(folder, count, { width, height }) {
  const random = seeded(1)
  const canvases = Array.from({ length: Math.min(count, CANVASES) }, () =>
    drawCanvas(random, width + MARGIN, height + MARGIN),
  )
  for (let label = 0; label < CLASSES; label++) mkdirSync(join(folder, `class ${label}`), { recursive: true })
  let bytes = 0
  for (let n = 0; n < count; n++) {
    const { pixels, raw } = canvases[n % CANVASES]
    const place = Math.floor(n / CANVASES)
    const cut = { left: place % MARGIN, top: Math.floor(place / MARGIN) % MARGIN, width, height }
    const path = join(folder, `class ${n % CLASSES}`, `${n}.jpg`)
    bytes += (await sharp(pixels, { raw }).extract(cut).jpeg({ quality: QUALITY }).toFile(path)).size
  }
  return { folder, meanBytes: bytes / count }
}

/** A folder in which each picture is `times` over, by links. */
export function repeatFolder(folder, target, times) {
  for (const name of readdirSync(folder).filter((one) => statSync(join(folder, one)).isDirectory())) {
    mkdirSync(join(target, name), { recursive: true })
    for (const picture of readdirSync(join(folder, name)))
      for (let copy = 0; copy < times; copy++)
        linkSync(join(folder, name, picture), join(target, name, `${copy}-${picture}`))
  }
  return target
}
