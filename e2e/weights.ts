// What the store hands out, judged by readers and arithmetic that share no code with it.
import { createHash } from 'node:crypto'
import type { Job, ModelEvaluation } from '@pawprint/protocol'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { datasets } from '../agent/dist/index.js'
import { accuracyOf, argMax, cifarArchive, type OracleImages, predict, readCifarTest, readWeights } from './oracle.ts'
import { finished, launch, modelOf, notebookOf, type Pawprint, taskOf } from './pawprint.ts'

const FAST = { NUM_FILTERS: 8, DENSE_WIDTH: 32, BATCH_SIZE: 32 }

const shaOf = (sha1: string | null | undefined): string => {
  if (!sha1) throw new Error('the trial left no model')
  return sha1
}
const train = async (paw: Pawprint, config: Record<string, unknown>) =>
  finished(paw, (await launch(paw, 'cifar10', config)).id)

async function testImages(): Promise<OracleImages> {
  const folder = process.env.PAWPRINT_DATASETS
  if (folder) return readCifarTest(cifarArchive(folder))
  const { test } = await datasets.shapes()
  return { pixels: test.images, labels: [...test.labels], side: test.width }
}

async function download(paw: Pawprint, sha1: string): Promise<Buffer> {
  const response = await paw.request('GET', `/api/models/${sha1}/weights`)
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}

/** Tests of the weights that a running Pawprint, with its notebook, trains and serves. */
export function testWeights(pawprint: () => Pawprint): void {
  let first: Job

  describe('weights', () => {
    test('hash to their name, and give the accuracy and the confusion that the store reports', async () => {
      const paw = pawprint()
      first = await train(paw, FAST)
      const sha1 = shaOf(first.trials[0]?.sha1)
      const model = await modelOf(paw, sha1)
      const bytes = await download(paw, sha1)
      expect(createHash('sha1').update(bytes).digest('hex')).toBe(sha1)
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(model.sha256)
      expect(bytes.length).toBe(model.sizeBytes)

      const weights = readWeights(bytes)
      expect(weights.reduce((sum, { data }) => sum + data.length, 0)).toBe(model.parameterCount)
      const images = await testImages()
      expect(accuracyOf(weights, images)).toBeCloseTo(model.metrics.testAccuracy ?? -1, 10)

      const { confusion = [] } = await paw.api<ModelEvaluation>('GET', `/api/models/${sha1}/evaluation`)
      const rowSums = confusion.map((row) => row.reduce((a, b) => a + b, 0))
      expect(rowSums).toEqual(model.classNames.map((_, k) => images.labels.filter((label) => label === k).length))
      const right = confusion.reduce((sum, row, k) => sum + (row[k] ?? 0), 0)
      expect(right / images.labels.length).toBeCloseTo(model.metrics.testAccuracy ?? -1, 10)
    })

    test('are what the demo answers with: 100 test pictures get the very classes and probabilities', async () => {
      const paw = pawprint()
      const notebook = await notebookOf(paw, () => true)
      const sha1 = shaOf((await taskOf(paw, notebook.task.name)).current?.sha1)
      const weights = readWeights(await download(paw, sha1))
      const images = await testImages()
      for (let n = 0; n < 100; n++) {
        const size = images.side ** 2 * 3
        const raw = { width: images.side, height: images.side, channels: 3 as const }
        const body = await sharp(images.pixels.subarray(n * size, (n + 1) * size), { raw })
          .png()
          .toBuffer()
        const response = await fetch(`${paw.demoUrl}/api/predict?task=${notebook.task.name}`, {
          method: 'POST',
          headers: { 'content-type': 'image/png' },
          body: new Uint8Array(body),
        })
        const answer = (await response.json()) as {
          sha1: string
          predictions: { className: string; probability: number }[]
        }
        expect(answer.sha1).toBe(sha1)
        const expected = predict(weights, images, n)
        expect(answer.predictions[0]?.className).toBe(notebook.task.classNames[argMax(expected)])
        for (const { className, probability } of answer.predictions)
          expect(probability).toBeCloseTo(expected[notebook.task.classNames.indexOf(className)] ?? -1, 4)
      }
    })
  })

  describe('chance', () => {
    test('two launches of one config differ in seed and model; a clone with the seed repeats the sha1 as a second origin', async () => {
      const paw = pawprint()
      const second = await train(paw, FAST)
      expect(second.seed).not.toBe(first.seed)
      expect(second.trials[0]?.sha1).not.toBe(first.trials[0]?.sha1)

      const clone = await train(paw, { ...FAST, SEED: first.seed })
      expect(clone.seed).toBe(first.seed)
      expect(clone.trials[0]?.sha1).toBe(first.trials[0]?.sha1)
      const { origins } = await modelOf(paw, shaOf(first.trials[0]?.sha1))
      expect(origins.map(({ job }) => job)).toEqual([first.id, clone.id])
    })
  })
}
