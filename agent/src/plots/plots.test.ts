import type { Epoch, ImageSet } from '@pawprint/engine'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { drawnPets } from '../datasets/drawn/drawnPets.ts'
import { subset } from '../datasets/subset.ts'
import { plots } from './index.ts'
import { worstMistakes } from './mistakes.ts'

const NAMES = ['cat', '<dog> & co']
/** Four images of one colour each: their number, times 50. */
const SET: ImageSet = {
  images: Uint8Array.from({ length: 4 * 2 * 2 * 3 }, (_, i) => 50 * (1 + Math.floor(i / 12))),
  labels: Uint8Array.of(0, 0, 1, 1),
  height: 2,
  width: 2,
  channels: 3,
  classCount: 2,
}
/** Right, wrong by 0.6, wrong by 0.9, right. */
const EVALUATION = { probabilities: Float32Array.of(0.8, 0.2, 0.4, 0.6, 0.9, 0.1, 0.3, 0.7) }

/** Greys of the images in a drawing, in order. */
const greysIn = (svg: string): Promise<number[]> =>
  Promise.all(
    [...svg.matchAll(/base64,([^"]+)"/g)].map(async ([, png = '']) => {
      const pixels = await sharp(Buffer.from(png, 'base64')).raw().toBuffer()
      return pixels[0] ?? -1
    }),
  )
const textsIn = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '')

test('samples have a row for each class, with images of that class only', async () => {
  const { svg, text } = plots.samples(SET, NAMES, { perClass: 1 })
  expect(textsIn(svg)).toEqual(['cat', '&lt;dog&gt; &amp; co'])
  const [first = 0, second = 0] = await greysIn(svg)
  expect([50, 100]).toContain(first)
  expect([150, 200]).toContain(second)
  expect(text).toBe('An image of each of 2 classes')
  expect((await greysIn(plots.samples(SET, NAMES).svg)).sort((a, b) => a - b)).toEqual([50, 100, 150, 200])
  expect(plots.samples(SET, NAMES, { classes: 1 }).text).toMatch(
    /Up to 8 images of each of 1 classes; of 1 more none is shown/,
  )
  expect(plots.samples(SET, NAMES, { seed: 1 })).toEqual(plots.samples(SET, NAMES, { seed: 1 }))
})

test('mistakes are those that are named wrongly, the surest first, with what the model says and what they are', async () => {
  expect(worstMistakes(SET, EVALUATION)).toEqual([
    { index: 2, label: 1, named: 0, confidence: expect.closeTo(0.9) },
    { index: 1, label: 0, named: 1, confidence: expect.closeTo(0.6) },
  ])
  const { svg, text } = plots.mistakes(SET, EVALUATION, NAMES)
  expect(await greysIn(svg)).toEqual([150, 100])
  expect(textsIn(svg)).toEqual(['cat 90 %', 'is &lt;dog&gt; &amp; co', '&lt;dog&gt; &amp; co 60 %', 'is cat'])
  expect(text).toBe('2 of 4 images are named wrongly; the 2 surest of them')
  expect(await greysIn(plots.mistakes(SET, EVALUATION, NAMES, { count: 1 }).svg)).toEqual([150])
})

test('a model without a mistake has no picture of any, and says so', () => {
  const probabilities = Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1)
  expect(plots.mistakes(SET, { probabilities }, NAMES)).toEqual({ svg: '', text: '0 of 4 images are named wrongly' })
})

test('a confusion matrix has the counts in its cells, and says how many lie on the diagonal', () => {
  const { svg, text } = plots.confusion(SET, EVALUATION, NAMES)
  expect(textsIn(svg).filter((said) => /^\d+$/.test(said))).toEqual(['1', '1', '1', '1'])
  expect(text).toMatch(/: 2 of 4 images are named rightly$/)
  const shades = [...svg.matchAll(/fill-opacity="([^"]+)"/g)].map(([, shade]) => Number(shade))
  expect(shades).toEqual([0.5, 0.5, 0.5, 0.5])
})

test('balance has a bar for each class and set, as long as its share of the largest class', async () => {
  const pets = await drawnPets({ imageSize: 8, species: 'cat' })
  const data = subset(pets, { perClass: { train: 30, validation: 10, test: 20 } })
  const { svg, text } = plots.balance(data)
  const widths = [...svg.matchAll(/<rect [^>]* width="([\d.]+)" height="14"/g)].map(([, width]) => Number(width))
  expect(widths).toEqual(data.task.classNames.flatMap(() => [180, 60, 120]))
  expect(text).toMatch(/^Images of each class: 60 of .* to 60 of /)
})

const epoch = (n: number, numbers: Partial<Epoch>): Epoch => ({
  epoch: n,
  epochs: 2,
  step: n,
  loss: 1,
  accuracy: 0.5,
  seconds: 1,
  samplesPerSecond: 1,
  ...numbers,
})

test('curves go through the values of each epoch, rings through those of the validation images', () => {
  const run = [epoch(1, { loss: 2, validationLoss: 1, validationAccuracy: 1 }), epoch(2, { loss: 0, accuracy: 1 })]
  const { svg, text } = plots.curves({ first: run })
  // The plot of losses is from 46 to 320 px across, and from 174 (0) up to 24 px (the largest, 2).
  expect(svg).toContain('d="M46 24L320 174"')
  expect(svg).toContain('cx="46" cy="99"')
  // Accuracies from 0 to 1, to the right of it.
  expect(svg).toContain('d="M376 99L650 24"')
  expect(text).toBe('Loss and accuracy by epoch: first ends at loss 0.000, accuracy 100.0 %')
  expect(svg).not.toContain('NaN')
})

test('a training that broke is drawn up to there; none at all has no picture', () => {
  const broken = [epoch(1, {}), epoch(2, { loss: Number.NaN, accuracy: Number.NaN })]
  expect(plots.curves({ broken, empty: [] }).svg).not.toContain('NaN ')
  expect(plots.curves({})).toEqual({ svg: '', text: 'No epoch yet' })
})

test('every picture is a whole file that a reader of SVG can draw', async () => {
  const pictures = [
    plots.samples(SET, NAMES),
    plots.mistakes(SET, EVALUATION, NAMES),
    plots.confusion(SET, EVALUATION, NAMES),
    plots.curves({ first: [epoch(1, {})] }),
  ]
  for (const { svg } of pictures) {
    const { width, height } = await sharp(Buffer.from(svg)).metadata()
    expect(width).toBeGreaterThan(60)
    expect(height).toBeGreaterThan(60)
  }
})

test.each<[string, () => unknown, RegExp]>([
  ['names of other classes', () => plots.samples(SET, ['cat']), /classNames: expected 2 names.*got 1/],
  ['no names', () => plots.confusion(SET, EVALUATION, undefined as never), /classNames: expected 2 names.*undefined/],
  ['no image of each class', () => plots.samples(SET, NAMES, { perClass: 0 }), /perClass: expected .* 1 to 50, got 0/],
  ['half a class', () => plots.samples(SET, NAMES, { classes: 0.5 }), /classes: expected an integer/],
  ['too many mistakes', () => plots.mistakes(SET, EVALUATION, NAMES, { count: 101 }), /count: expected .* 1 to 100/],
  [
    'another set',
    () => plots.mistakes(SET, { probabilities: new Float32Array(3) }, NAMES),
    /probabilities: expected 8/,
  ],
])('%s is refused', (_, draw, message) => expect(draw).toThrow(message))
