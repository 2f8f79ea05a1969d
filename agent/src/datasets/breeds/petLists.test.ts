import { expect, test } from 'vitest'
import { DatasetError } from '../errors.ts'
import { breedName, parsePetLists } from './petLists.ts'

const trainval = (text: string) => ({ text, at: 'trainval.txt', isTest: false })
const testing = (text: string) => ({ text, at: 'test.txt', isTest: true })

test('reads the lists as they are published, with or without comments and carriage returns', () => {
  const lists = [
    trainval('#Image CLASS-ID SPECIES BREED ID\r\nAbyssinian_100 1 1 1\r\n\r\namerican_bulldog_7 2 2 1\r\n'),
    testing('Abyssinian_201 1 1 1'),
  ]
  expect(parsePetLists(lists)).toEqual([
    { name: 'Abyssinian_100', breed: 'Abyssinian', classId: 1, species: 'cat', isTest: false },
    { name: 'american_bulldog_7', breed: 'american_bulldog', classId: 2, species: 'dog', isTest: false },
    { name: 'Abyssinian_201', breed: 'Abyssinian', classId: 1, species: 'cat', isTest: true },
  ])
})

test.each([
  ['Abyssinian_100 1 1', 'a name and three numbers, got "Abyssinian_100 1 1"'],
  ['Abyssinian_100 1 1 1 1', 'a name and three numbers'],
  ['Abyssinian 1 1 1', 'a name like american_bulldog_100, got "Abyssinian"'],
  ['../x_1 1 1 1', 'a name like american_bulldog_100, got "../x_1"'],
  ['a/b_1 1 1 1', 'a name like american_bulldog_100, got "a/b_1"'],
  ['._Abyssinian_1 1 1 1', 'a name like american_bulldog_100'],
  ['Abyssinian_1.jpg 1 1 1', 'a name like american_bulldog_100'],
  [`${'A'.repeat(300)}_1 1 1 1`, `a name like american_bulldog_100, got "${'A'.repeat(80)}"`],
  ['Abyssinian_100 0 1 1', 'a class from 1 to 37, got "0"'],
  ['Abyssinian_100 38 1 1', 'a class from 1 to 37, got "38"'],
  ['Abyssinian_100 one 1 1', 'a class from 1 to 37, got "one"'],
  ['Abyssinian_100 1 3 1', 'a species, 1 (cat) or 2 (dog), got "3"'],
  ['Abyssinian_100 1 constructor 1', 'a species, 1 (cat) or 2 (dog), got "constructor"'],
  ['Abyssinian_1 1 1 1', 'each name once, got "Abyssinian_1"'],
  ['Abyssinian_2 2 1 1', 'class 1 as before for Abyssinian, got "2"'],
  ['Bengal_2 1 1 1', 'Abyssinian as before for class 1, got "Bengal"'],
])('refuses the line %j with its place', (line, expected) => {
  const read = (): unknown => parsePetLists([trainval('Abyssinian_1 1 1 1'), testing(`# a comment\n${line}\n`)])
  expect(read).toThrow(DatasetError)
  expect(read).toThrow(`test.txt, line 2: expected ${expected}`)
})

// Names as torchvision's OxfordIIITPet gives them.
test.each([
  ['Abyssinian', 'Abyssinian'],
  ['american_pit_bull_terrier', 'American Pit Bull Terrier'],
  ['Egyptian_Mau', 'Egyptian Mau'],
  ['shiba_inu', 'Shiba Inu'],
])('%s is shown as %s', (breed, name) => {
  expect(breedName(breed)).toBe(name)
})
