import { type Artifact, type ModelEvaluation, THUMBNAILS_FILE, type Thumbnails } from '@pawprint/protocol'
import type { RunningStore } from '@pawprint/store-server'
import sharp from 'sharp'
import { upload } from '../store-server/src/testing/fakeAgent.ts'

/** A whole evaluation of this many classes, each found worse than the one before: all that a model's drawer can show. */
export function wholeEvaluation(classCount: number): ModelEvaluation {
  const list = Array.from({ length: classCount }, (_, i) => i)
  return {
    confusion: list.map((row) => list.map((column) => (row === column ? 20 - row : 1))),
    classes: list.map((i) => ({
      ...{ precision: 0.5, recall: 0.9 - i / 10, f1: 0.6, support: 20 + i },
      ...{ auc: 0.95 - i / 10, averagePrecision: 0.8 },
    })),
    intervals: { testAccuracy: [0.45, 0.49], testMacroF1: [0.44, 0.5] },
    calibration: list.map((i) => ({ count: 10 * i, confidence: (i + 0.5) / classCount, accuracy: i / classCount })),
    roc: list.map((i) => ({ falsePositiveRates: [0, i / 10, 1], truePositiveRates: [0, 0.95, 1] })),
  }
}

const SIZE = 32
const COLUMNS = 8

/** Thumbnails of a confusion: up to ten of each cell. `none` has none. */
export function thumbnailsOf(
  confusion: readonly (readonly number[])[],
  none: { was: number; said: number },
): Thumbnails {
  const cells = confusion.flatMap((row, was) =>
    row.flatMap((count, said) => {
      if (count === 0 || (was === none.was && said === none.said)) return []
      const shown = Math.min(10, count)
      return [{ was, said, count: shown, probabilities: Array.from({ length: shown }, (_, i) => 0.99 - i / 50) }]
    }),
  )
  return { size: SIZE, columns: COLUMNS, cells }
}

/** Uploads a sheet of `count` squares, each of another colour and with a mark in its middle: what a model's thumbnails may be. */
export async function uploadSheet(store: RunningStore, count: number): Promise<Artifact> {
  const [width, height] = [COLUMNS * SIZE, Math.ceil(count / COLUMNS) * SIZE]
  const squares = Array.from({ length: count }, (_, i) => {
    const [x, y] = [(i % COLUMNS) * SIZE, Math.floor(i / COLUMNS) * SIZE]
    return `<rect x="${x}" y="${y}" width="32" height="32" fill="hsl(${(i * 37) % 360} 60% 55%)"/><circle cx="${x + 16}" cy="${y + 16}" r="8"/>`
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${squares.join('')}</svg>`
  const bytes = await sharp(Buffer.from(svg)).flatten({ background: '#fff' }).webp().toBuffer()
  return { name: THUMBNAILS_FILE, sha1: await upload(store, bytes), sizeBytes: bytes.length }
}
