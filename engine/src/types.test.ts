import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** The compiler inside the notebook kernel, and how it is called there. */
const TSC = fileURLToPath(import.meta.resolve('@tslab/typescript-for-tslab/bin/tsc'))
const FLAGS =
  '--noEmit --strict --target es2020 --lib es2022,dom --moduleResolution node10 --module commonjs --esModuleInterop'

const CELL = `
import * as tf from '@tensorflow/tfjs'
import { adam, createPredictor, createTrainer, type Epoch, type Trainer } from '@pawprint/engine'
export async function cell(model: tf.Sequential) {
  const trainer: Trainer = await createTrainer(model, { loss: 'categoricalCrossentropy', optimizer: adam(0.1), seed: 1 })
  const data = { images: new Uint8Array(12), labels: new Uint8Array(1), height: 2, width: 2, channels: 3, classCount: 2 }
  const epochs: Epoch[] = []
  for await (const epoch of trainer.fit(data, { epochs: 1, batchSize: 1 })) epochs.push(epoch)
  // @ts-expect-error: an optimizer is not a text
  await createTrainer(model, { loss: 'categoricalCrossentropy', optimizer: 'adam', seed: 1 })
  // @ts-expect-error: an epoch has no such field
  console.log(epochs[0].losses)
  return createPredictor({ topology: trainer.topology, weights: await trainer.weights() })
}
`

/** Errors in the cell and in our own declarations; TensorFlow.js's declarations have some of their own. */
function errorsOf(cell: string): string[] {
  const folder = mkdtempSync(fileURLToPath(new URL('../dist/cell-', import.meta.url)))
  try {
    writeFileSync(`${folder}/cell.ts`, cell)
    const { stdout } = spawnSync(process.execPath, [TSC, ...FLAGS.split(' '), `${folder}/cell.ts`], {
      encoding: 'utf8',
    })
    return stdout.split('\n').filter((line) => line.includes('error TS') && !line.includes('node_modules/'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a cell of the kernel (TypeScript 5.0.4) compiles against the built declarations, unless it is wrong', () => {
  expect(errorsOf(CELL)).toEqual([])
})
