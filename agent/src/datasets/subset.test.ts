import { expect, test } from 'vitest'
import { DatasetError } from './errors.ts'
import { type SubsetOptions, subset } from './subset.ts'
import { type Plain, plainDataset, SIDE } from './testing/testDataset.ts'
import type { Dataset } from './types.ts'

const CLASSES = ['ant', 'bee', 'cow']
/** Labels 0 1 2 0 1 2 …; each image has its own grey. */
const images = (count: number, from = 0): Plain[] => Array.from({ length: count }, (_, n) => [n % 3, from + n] as const)
const data = plainDataset(CLASSES, { train: images(60), validation: images(30, 100), test: images(30, 200) })

/** Grey and class name of each image. */
const contents = (set: Dataset, side: 'train' | 'validation' | 'test' = 'train'): string[] =>
  [...set[side].labels].map(
    (label, n) => `${set[side].images[n * SIDE * SIDE * 3]} ${set.task.classNames[label as number]}`,
  )

test('picked classes get new labels, in all sets; the images keep their order', () => {
  const few = subset(data, { classes: ['cow', 'ant'] })
  expect(few.task).toMatchObject({ name: 'plain-cow-ant', classNames: ['cow', 'ant'] })
  expect(few.train.classCount).toBe(2)
  for (const side of ['train', 'validation', 'test'] as const) {
    expect(contents(few, side)).toEqual(contents(data, side).filter((one) => !one.endsWith('bee')))
    const kept = (data.files?.[side] ?? []).filter((_, n) => n % 3 !== 1)
    expect(few.files?.[side]).toEqual(kept)
  }
  expect(few.train.preprocessing).toEqual(data.train.preprocessing)
  expect(few.train.fingerprint).not.toBe(data.train.fingerprint)
  expect(few.files?.broken).toEqual(data.files?.broken)
})

test('fewer training images of each class leave validation and test as they are', () => {
  const few = subset(data, { perClass: 5 })
  expect(few.task).toEqual(data.task)
  expect([few.validation, few.test]).toEqual([data.validation, data.test])
  const kept = contents(few)
  for (const name of CLASSES) expect(kept.filter((one) => one.endsWith(name))).toHaveLength(5)
  expect(new Set(kept).size).toBe(15)
  expect(contents(data).filter((one) => kept.includes(one))).toEqual(kept)
})

test('each set has its own bound', () => {
  const few = subset(data, { perClass: { validation: 2, test: 3 } })
  expect([few.train, few.validation, few.test].map(({ labels }) => labels.length)).toEqual([60, 6, 9])
})

test('few are part of more, the same seed keeps the same, another seed others, other classes do not matter', () => {
  const kept = (options: SubsetOptions): string[] => contents(subset(data, options))
  expect(kept({ perClass: 9 })).toEqual(expect.arrayContaining(kept({ perClass: 4 })))
  expect(kept({ perClass: 4 })).toEqual(kept({ perClass: 4, seed: 0 }))
  expect(kept({ perClass: 4, seed: 1 })).not.toEqual(kept({ perClass: 4 }))
  const bees = kept({ perClass: 4 }).filter((one) => one.endsWith('bee'))
  expect(kept({ perClass: 4, classes: ['bee', 'cow'] }).filter((one) => one.endsWith('bee'))).toEqual(bees)
})

test('every image is kept about as often', () => {
  const times = new Map<string, number>()
  for (let seed = 0; seed < 200; seed++)
    for (const one of contents(subset(data, { perClass: 5, seed }))) times.set(one, (times.get(one) ?? 0) + 1)
  expect(times.size).toBe(60)
  // Binomial: 200 × 5 / 20 = 50 with a standard deviation of 6; five of them for the worst of 60.
  for (const count of times.values()) expect(Math.abs(count - 50)).toBeLessThan(31)
})

test('what is asked for and there anyway is the same set, not a copy', () => {
  const same = subset(data, { classes: CLASSES, perClass: 1000 })
  expect(same.train).toBe(data.train)
  expect(same.task.name).toBe('plain')
})

test('a name of many classes ends in a hash, and others have another', () => {
  const names = Array.from({ length: 40 }, (_, n) => `class ${n}`)
  const many = plainDataset(names, { train: names.map((_, label) => [label, label] as const) })
  const [one, other] = [names.slice(0, 39), names.slice(0, 38)].map(
    (classes) => subset(many, { classes }).task.name,
  ) as [string, string]
  expect(one).toMatch(/^plain-class-0-class-1-[a-z0-9-]*-[0-9a-f]{8}$/)
  expect([one.length, other.length]).toEqual([64, 64])
  expect(one).not.toBe(other)
})

test.each<[unknown, string]>([
  [null, 'subset: expected an object with options, got null'],
  [{ classnames: [] }, 'subset: expected options among classes, perClass, seed, name, got "classnames"'],
  [{ classes: ['ant'] }, 'subset: classes: expected two or more different names, got ["ant"]'],
  [{ classes: ['ant', 'ant'] }, 'subset: classes: expected two or more different names, got ["ant","ant"]'],
  [{ classes: ['ant', 'dog'] }, 'subset: classes: expected names among ant, bee, cow, got "dog"'],
  [{ perClass: 0 }, 'subset: perClass: expected an integer from 1 to 1048576, got 0'],
  [{ perClass: '5' }, 'subset: perClass: expected an object with options, got "5"'],
  [{ perClass: { train: 1.5 } }, 'subset: perClass.train: expected an integer from 1 to 1048576, got 1.5'],
  [{ perClass: { tests: 1 } }, 'subset: perClass: expected options among train, validation, test, got "tests"'],
  [{ seed: -1 }, 'subset: seed: expected an integer from 0 to 4294967295, got -1'],
  [{ name: 'My set' }, 'subset: name: expected lower-case letters, digits and "-", at most 64, got "My set"'],
])('refuses %j', (options, message) => {
  const work = (): unknown => subset(data, options as SubsetOptions)
  expect(work).toThrow(DatasetError)
  expect(work).toThrow(message)
})

test('classes without a training image are refused', () => {
  const odd = plainDataset(CLASSES, { train: [[0, 1]], test: [[1, 2]] })
  expect(() => subset(odd, { classes: ['bee', 'cow'] })).toThrow('subset: expected a training image, got none')
})
