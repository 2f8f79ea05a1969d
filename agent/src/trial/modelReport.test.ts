import { Preprocessing, parse } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { drawnPets } from '../datasets/drawnPets.ts'
import { preprocessingOf } from './modelReport.ts'

test('what a model was measured on is in its record: whole pictures, or what somebody framed of them', async () => {
  const [whole, cropped] = [
    await drawnPets({ imageSize: 8, species: 'cat' }),
    await drawnPets({ imageSize: 8, species: 'cat', input: 'cropped' }),
  ]
  const record = {
    width: 8,
    height: 8,
    channels: 'rgb',
    fit: 'fill',
    kernel: 'lanczos3',
    scale: 1 / 255,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  }
  expect(preprocessingOf(whole.test)).toEqual(record)
  expect(preprocessingOf(cropped.test)).toEqual({ ...record, input: 'cropped' })
  expect(parse(Preprocessing, { ...record, input: 'cropped' })).toEqual({ ...record, input: 'cropped' })
  expect(() => parse(Preprocessing, { ...record, input: 'squeezed' })).toThrow('input')
})

test('of images that bring no word of how they were made, none are taken for cropped', () => {
  const images = {
    images: new Uint8Array(3),
    labels: new Uint8Array(1),
    height: 1,
    width: 1,
    channels: 3 as const,
    classCount: 2,
  }
  expect(preprocessingOf(images).input).toBeUndefined()
})
