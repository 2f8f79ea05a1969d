// Folders of drawn photographs: smooth light, shapes and grain, so that JPEGs of them are about as large as those of a camera.
import { linkSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

const [WIDTH, HEIGHT, CLASSES] = [500, 375, 4]
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

function drawCanvas(random) {
  const [width, height] = [WIDTH + MARGIN, HEIGHT + MARGIN]
  const waves = Array.from({ length: 18 }, () => [random() * 0.12, random() * 0.12, random() * 6, 4 + random() * 14])
  const pixels = new Uint8Array(width * height * 3)
  for (let at = 0, y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++, at++) {
        let value = 128 + (random() - 0.5) * 24
        for (let n = channel; n < waves.length; n += 3) {
          const [across, down, start, strength] = waves[n]
          value += strength * Math.sin(across * x + down * y + start)
        }
        pixels[at] = Math.max(0, Math.min(255, value))
      }
  return { pixels, raw: { width, height, channels: 3 } }
}

/** Draws `count` pictures, no two alike, into a folder per class. */
export async function drawFolder(folder, count) {
  const random = seeded(1)
  const canvases = Array.from({ length: CANVASES }, () => drawCanvas(random))
  for (let label = 0; label < CLASSES; label++) mkdirSync(join(folder, `class ${label}`), { recursive: true })
  let bytes = 0
  for (let n = 0; n < count; n++) {
    const { pixels, raw } = canvases[n % CANVASES]
    const place = Math.floor(n / CANVASES)
    const cut = { left: place % MARGIN, top: Math.floor(place / MARGIN) % MARGIN, width: WIDTH, height: HEIGHT }
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
