import { expect, test } from 'vitest'
import { preprocessingOf } from './modelReport.ts'
import { misfitOf } from './reevaluate.ts'

const SET = {
  ...{ images: new Uint8Array(), labels: new Uint8Array(), classCount: 2 },
  ...{ width: 32, height: 24, channels: 3 },
}
const own = preprocessingOf(SET)
const NAMES = ['cat', 'dog']

test.each<[string, Parameters<typeof misfitOf>, string]>([
  [
    'narrower images',
    [{ preprocessing: { ...own, width: 16 }, classNames: NAMES }, own, NAMES],
    'it takes images of 16 × 24 (rgb), these are of 32 × 24 (rgb)',
  ],
  [
    'lower images',
    [{ preprocessing: own, classNames: NAMES }, { ...own, height: 32 }, NAMES],
    'it takes images of 32 × 24 (rgb), these are of 32 × 32 (rgb)',
  ],
  [
    'grey images',
    [{ preprocessing: { ...own, channels: 'grey' }, classNames: NAMES }, own, NAMES],
    'it takes images of 32 × 24 (grey), these are of 32 × 24 (rgb)',
  ],
  [
    'a model of framed parts, and whole pictures',
    [{ preprocessing: { ...own, input: 'cropped' }, classNames: NAMES }, own, NAMES],
    'it knows framed parts of pictures, these are whole pictures',
  ],
  [
    'a model of whole pictures, and framed parts',
    [
      { preprocessing: own, classNames: NAMES },
      preprocessingOf({ ...SET, preprocessing: { input: 'cropped' } }),
      NAMES,
    ],
    'it knows whole pictures, these are framed parts of pictures',
  ],
  [
    'images of which the middle was cut out',
    [{ preprocessing: { ...own, fit: 'cover' }, classNames: NAMES }, own, NAMES],
    'its images are resized by cover and lanczos3, these by fill and lanczos3',
  ],
  [
    'images that were made small otherwise',
    [{ preprocessing: { ...own, kernel: 'nearest' }, classNames: NAMES }, own, NAMES],
    'its images are resized by fill and nearest, these by fill and lanczos3',
  ],
  [
    'classes in another order',
    [{ preprocessing: own, classNames: ['dog', 'cat'] }, own, NAMES],
    'it tells other classes apart',
  ],
  [
    'a class more',
    [{ preprocessing: own, classNames: ['cat', 'dog', 'owl'] }, own, NAMES],
    'it tells other classes apart',
  ],
  ['a class less', [{ preprocessing: own, classNames: ['cat'] }, own, NAMES], 'it tells other classes apart'],
])('%s do not fit, and it is said why', (_what, args, misfit) => {
  expect(misfitOf(...args)).toBe(misfit)
})

test('a model fits images that were made as its own were; how it scales them is its own affair', () => {
  expect(misfitOf({ preprocessing: own, classNames: NAMES }, own, NAMES)).toBeNull()
  const scaled = { ...own, scale: 1, mean: [120, 120, 120], std: [60, 60, 60] }
  expect(misfitOf({ preprocessing: scaled, classNames: NAMES }, own, NAMES)).toBeNull()
})
