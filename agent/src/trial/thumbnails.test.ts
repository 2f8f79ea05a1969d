import { type Model, type ModelEvaluation, THUMBNAILS_FILE } from '@pawprint/protocol'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { startTestStore } from '../../../store-server/src/testing/testStore.ts'
import { brightImages, brightNotebook, openTestAgent } from '../testing/agents.ts'
import { call, launchUntil } from '../testing/api.ts'
import { attempt } from '../testing/attempts.ts'
import { naming, predict } from '../testing/predictions.ts'
import { sheetOf } from './thumbnailSheet.ts'
import { bringThumbnails, chooseThumbnails } from './thumbnails.ts'

describe('the images of a cell', () => {
  test('are those that the model was surest of, at most ten, by row and column', () => {
    const rows = [...Array.from({ length: 12 }, (_, i) => [0.4 - i / 100, 0.6 + i / 100]), [0.9, 0.1], [0.8, 0.2]]
    const predictions = predict([...new Array(13).fill(0), 1], rows)
    expect(chooseThumbnails(predictions)).toEqual([
      { was: 0, said: 0, images: [12] },
      { was: 0, said: 1, images: [11, 10, 9, 8, 7, 6, 5, 4, 3, 2] },
      { was: 1, said: 0, images: [13] },
    ])
  })

  test('of equal sureness are the first', () => {
    const labels = new Array<number>(30).fill(1)
    const [cell] = chooseThumbnails(naming(labels, new Array<number>(30).fill(0), 2))
    expect(cell?.images).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('where a thousand do not suffice are shared out: mistakes first, no cell twice before each has one', () => {
    // 40 classes: 40 right cells of 30 images, and 1,560 wrong ones of one to three.
    const pairs = Array.from({ length: 1600 }, (_, i) => [Math.floor(i / 40), i % 40] as const)
    const all = pairs.flatMap(([was, said], i) => new Array(was === said ? 30 : 1 + (i % 3)).fill([was, said]))
    const cells = chooseThumbnails(
      naming(
        all.map(([was]) => was),
        all.map(([, said]) => said),
        40,
      ),
    )
    expect(cells).toHaveLength(1000)
    expect(cells.every(({ was, said, images }) => was !== said && images.length === 1)).toBe(true)
    // The more frequent ones: none of the cells with one image is in while there are 1,040 with two or three.
    const counts = new Map(pairs.map(([was, said], i) => [`${was}/${said}`, 1 + (i % 3)]))
    expect(cells.filter(({ was, said }) => counts.get(`${was}/${said}`) === 1)).toEqual([])
  })

  test('lie in their cell, each once, and none is left out while there is room', () => {
    const pair = fc.tuple(fc.nat(3), fc.nat(3))
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 80 }), (pairs) => {
        const cells = chooseThumbnails(
          naming(
            pairs.map(([was]) => was),
            pairs.map(([, said]) => said),
            4,
          ),
        )
        const chosen = cells.flatMap(({ images }) => images)
        expect(new Set(chosen).size).toBe(chosen.length)
        for (let was = 0; was < 4; was++)
          for (let said = 0; said < 4; said++) {
            const count = pairs.filter(([a, b]) => a === was && b === said).length
            const images = cells.find((cell) => cell.was === was && cell.said === said)?.images ?? []
            expect(images.length).toBe(Math.min(10, count))
            expect(images.every((image) => pairs[image]?.[0] === was && pairs[image]?.[1] === said)).toBe(true)
          }
      }),
    )
  })
})

/** Plain images, each of one shade. */
const plainImages = (shades: readonly number[], side: number, channels: 1 | 3) => ({
  images: Uint8Array.from({ length: shades.length * side * side * channels }, (_, i) => {
    return shades[Math.floor(i / (side * side * channels))] ?? 0
  }),
  labels: new Uint8Array(shades.length),
  ...{ height: side, width: side, channels, classCount: 2 },
})

test.each([
  ['small ones as they are', 16, 3, 16],
  ['large ones made small', 96, 3, 48],
  ['grey ones', 60, 1, 48],
] as const)('a sheet has its images in their order, row by row: %s', async (_what, side, channels, size) => {
  const shades = Array.from({ length: 40 }, (_, i) => i * 6)
  const order = shades.map((_, i) => 39 - i)
  const bytes = await sheetOf(plainImages(shades, side, channels), order)
  // RIFF, WEBP, VP8 and the key frame's start code (RFC 6386, § 9.1): what a page reads the size from before it decodes.
  expect(Buffer.from(bytes).toString('latin1', 0, 16)).toMatch(/^RIFF.{4}WEBPVP8 $/s)
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  expect(info).toMatchObject({ width: 32 * size, height: 2 * size })
  order.forEach((index, place) => {
    const [x, y] = [(place % 32) * size + size / 2, Math.floor(place / 32) * size + size / 2]
    const value = data[(y * info.width + x) * info.channels] ?? -99
    expect([place, Math.abs(value - (shades[index] ?? 0)) <= 3]).toEqual([place, true])
  })
})

test('a model comes with thumbnails: as many as the confusion has, up to ten of a cell, and those of the test set', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  await agent.register(brightNotebook())
  agent.serve()
  const job = await launchUntil(store, { EPOCHS: 5, LEARNING_RATE: 0.1, SEED: 5 }, 'done')
  const model = await call<Model>(store, 'GET', `/api/models/${job.trials[0]?.sha1}`)
  const path = `/api/models/${model.sha1}`
  const { confusion, thumbnails } = await call<ModelEvaluation>(store, 'GET', `${path}/evaluation`)
  const counts = confusion?.flatMap((row, was) =>
    row.flatMap((count, said) => (count === 0 ? [] : [[was, said, Math.min(10, count)]])),
  )
  expect(thumbnails?.cells.map(({ was, said, count }) => [was, said, count])).toEqual(counts)
  expect(thumbnails?.size).toBe(4)
  for (const { count, probabilities = [] } of thumbnails?.cells ?? []) {
    expect(probabilities).toHaveLength(count)
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a))
    expect(Math.min(...probabilities)).toBeGreaterThanOrEqual(0.5)
  }
  const headers = { authorization: `Bearer ${store.token}` }
  const sheet = await fetch(`${store.url}${path}/artifacts/${THUMBNAILS_FILE}`, { headers })
  const { data, info } = await sharp(await sheet.arrayBuffer())
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const all = thumbnails?.cells.flatMap(({ was, count }) => new Array<number>(count).fill(was)) ?? []
  const columns = Math.min(32, all.length)
  expect(info).toMatchObject({ width: columns * 4, height: Math.ceil(all.length / columns) * 4 })
  all.forEach((was, place) => {
    const [x, y] = [(place % columns) * 4 + 2, Math.floor(place / columns) * 4 + 2]
    // Dark ones have 40 to 99, bright ones 170 to 229.
    expect([place, Number((data[y * info.width + x] ?? 0) > 135)]).toEqual([place, was])
  })
})

test('where the notebook keeps its pictures to itself, none is drawn and none is uploaded', async () => {
  const files: string[] = []
  const { ended } = await attempt({
    thumbnails: false,
    upload: async ({ kind, sha1 }) => void files.push(`${kind} ${sha1}`),
  })
  const model = ended?.outcome.type === 'done' ? ended.outcome.model : undefined
  expect(model?.evaluation).toHaveProperty('confusion')
  expect(model?.evaluation).not.toHaveProperty('thumbnails')
  const named = model?.artifacts?.map(({ sha1 }) => `artifact ${sha1}`) ?? []
  expect(files.filter((file) => !file.startsWith('checkpoint'))).toEqual([`weights ${model?.sha1}`, ...named])

  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  await agent.register({ ...brightNotebook(), evaluation: { thumbnails: false } })
  agent.serve()
  const job = await launchUntil(store, { SEED: 5 }, 'done')
  const { artifacts } = await call<Model>(store, 'GET', `/api/models/${job.trials[0]?.sha1}`)
  expect(artifacts?.map(({ name }) => name)).toEqual(['model.onnx', 'tfjs/model.json', 'tfjs/group1-shard1of1.bin'])
})

test('what cannot be drawn, shown or sent is left out, and the evaluation stays as it is', async () => {
  const { probabilities } = naming([0, 1], [0, 1], 2)
  const left: string[] = []
  const bringing = {
    upload: async () => {
      throw new Error('no room')
    },
    onLeftOut: (name: string, error: unknown) => void left.push(`${name}: ${error}`),
    signal: new AbortController().signal,
  }
  const set = { ...brightImages(2), labels: Uint8Array.of(0, 1) }
  const classes = [0, 1].map(() => ({ precision: 1, recall: 1, f1: 1, support: 1, auc: null, averagePrecision: null }))
  const evaluation = { confusion: [[1, 0], [0, 1]], classes } // biome-ignore format: a matrix
  expect(await bringThumbnails({ ...set, channels: 4 }, probabilities, evaluation, bringing)).toBeNull()
  const twice = { ...set, images: brightImages(4).images }
  expect(await bringThumbnails(twice, probabilities, evaluation, bringing)).toBeNull()
  expect(await bringThumbnails(set, probabilities, { confusion: evaluation.confusion }, bringing)).toBeNull()
  expect(await bringThumbnails(set, probabilities, null, bringing)).toBeNull()
  expect(left).toEqual([])
  expect(await bringThumbnails(set, probabilities, evaluation, bringing)).toBeNull()
  expect(left).toEqual(['thumbnail: Error: no room'])
})
