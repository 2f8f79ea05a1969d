import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sidesByGroup } from './groupSides.ts'

const RULE = { testSplit: 0.25, validationSplit: 0.25, seed: 4 }
/** `count` pictures of an animal, `NAME_0`, `NAME_1` …, no two alike. */
const picturesOf = (animal: string, label: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    name: `pets/${label}/${animal}_${i}.jpg`,
    className: String(label),
    sha256: `${animal}-${i}`,
    label,
  }))
const ANIMALS = Array.from({ length: 24 }, (_, i) => picturesOf(`animal${i}`, i % 2, 3)).flat()
const animalOf = ({ name }: { readonly name: string }): string => name.split(/[/_]/)[2] ?? ''
const sides = (files = ANIMALS, rule = RULE, groupOf: (file: { name: string }) => string | undefined = animalOf) =>
  new Map(sidesByGroup(files, groupOf, rule).map((side, i) => [files[i]?.name ?? '', side]))

test('all pictures of an animal are on one side, and the sides have their part of each class', () => {
  const found = sides()
  for (const { name } of ANIMALS) expect(found.get(name)).toBe(found.get(name.replace(/_\d/, '_0')))
  // 12 animals of each class: a quarter to test, a quarter of the other nine, about two, held out.
  const count = (label: number, side: string) =>
    ANIMALS.filter((one) => one.label === label && found.get(one.name) === side).length
  for (const label of [0, 1]) expect([count(label, 'test'), count(label, 'validation')]).toEqual([9, 6])
})

test('the order of the files changes nothing, nor does validation change the test set', () => {
  const found = sides()
  fc.assert(
    fc.property(fc.shuffledSubarray(ANIMALS, { minLength: ANIMALS.length }), (files) => {
      expect(sides(files)).toEqual(found)
    }),
    { numRuns: 10 },
  )
  const testedOf = (map: typeof found) => [...map].filter(([, side]) => side === 'test').map(([name]) => name)
  expect(testedOf(sides(ANIMALS, { ...RULE, validationSplit: 0 }))).toEqual(testedOf(found))
  expect(testedOf(sides(ANIMALS, { ...RULE, seed: 5 }))).not.toEqual(testedOf(found))
})

test('a copy holds two groups together, whatever they are called, and a picture without a group stands alone', () => {
  for (let seed = 0; seed < 40; seed++) {
    const copies = [0, 5, 11].map((i) => ({
      ...(ANIMALS[i * 3] as (typeof ANIMALS)[number]),
      name: `pets/0/copies_${i}.jpg`,
    }))
    const found = sides([...ANIMALS, ...copies], { ...RULE, seed })
    const [first] = [...found].filter(([name]) => name.includes('copies')).map(([, side]) => side)
    for (const i of [0, 5, 11])
      for (const n of [0, 1, 2]) expect(found.get(`pets/${i % 2}/animal${i}_${n}.jpg`)).toBe(first)
  }
  const alone = [...sides(ANIMALS, RULE, () => undefined).values()]
  expect(alone.filter((side) => side === 'test')).toHaveLength(18)
})

test.each([[1], [null], [{}]])('a group that is %j is refused with its picture', (group) => {
  expect(() => sides(ANIMALS, RULE, () => group as never)).toThrow(
    `datasets.imageFolder: groupOf: expected a text or undefined, got ${group} of pets/`,
  )
})
