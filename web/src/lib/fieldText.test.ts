import { fieldsOf, ProtocolError, SEED_FIELD } from '@pawprint/protocol'
import { describe, expect, test } from 'vitest'
import { changedFrom, explainField, problemOf, productOf, readField, showValue, withDrafts } from './fieldText.ts'

const FIELDS = fieldsOf({ EPOCHS: 1, LEARNING_RATE: [0.001], NUM_FILTERS: [20] })
const field = (key: string) => {
  const found = FIELDS.find((one) => one.key === key)
  if (found === undefined) throw new Error(key)
  return found
}

test.each([
  ['EPOCHS', '5', 5],
  ['EPOCHS', ' 5 ', 5],
  ['LEARNING_RATE', '0.001, 0.002', [0.001, 0.002]],
  ['LEARNING_RATE', '1e-3', [0.001]],
  ['LEARNING_RATE', '[0.1, 0.2]', [0.1, 0.2]],
  ['LEARNING_RATE', '0.1,', [0.1]],
  ['LEARNING_RATE', '0.1, 0.1', [0.1]],
  ['SEED', '', null],
  ['SEED', '7', 7],
])('%s typed as %j is %j', (key, text, value) => {
  expect(readField(field(key), text)).toEqual(value)
  expect(problemOf(field(key), text)).toBeNull()
})

test.each([
  ['EPOCHS', '', '""'],
  ['EPOCHS', 'many', '"many"'],
  ['EPOCHS', '1.5', '1.5'],
  ['EPOCHS', '0', '0'],
  ['EPOCHS', '1, 2', '"1, 2"'],
  ['EPOCHS', 'Infinity', 'Infinity'],
  ['LEARNING_RATE', '', 'an empty list'],
  ['LEARNING_RATE', '0.1,,0.2', '""'],
  ['LEARNING_RATE', '0.1 0.2', '"0.1 0.2"'],
  ['LEARNING_RATE', 'fast', '"fast"'],
  ['SEED', '-1', '-1'],
])('%s typed as %j is refused, and says that it got %s', (key, text, got) => {
  expect(() => readField(field(key), text)).toThrow(ProtocolError)
  expect(problemOf(field(key), text)).toContain(`not ${got}`)
})

test.each([
  [null, ''],
  [undefined, ''],
  [0.001, '0.001'],
  [[1, 2], '1, 2'],
])('the value %j is shown as %j', (value, text) => {
  expect(showValue(value)).toBe(text)
})

describe('the product', () => {
  const config = { EPOCHS: 1, LEARNING_RATE: [0.001], NUM_FILTERS: [20], SEED: null }

  test('is shown factor by factor and follows what is typed', () => {
    const typed = withDrafts(FIELDS, config, new Map([['LEARNING_RATE', '0.1, 0.2']]))
    expect(productOf(FIELDS, typed)).toEqual({
      trials: 2,
      shown: '2 × 1',
      named: 'LEARNING_RATE 2 × NUM_FILTERS 1: each value with each other.',
      tooMany: false,
    })
  })

  test('keeps the value before while a text does not fit', () => {
    expect(withDrafts(FIELDS, config, new Map([['NUM_FILTERS', '20, x']]))).toEqual(config)
  })

  test('says when a grid is too large, without building it', () => {
    const many = Array.from({ length: 101 }, (_, i) => i + 1)
    const huge = productOf(FIELDS, { ...config, LEARNING_RATE: many, NUM_FILTERS: many })
    expect([huge.trials, huge.tooMany]).toEqual([10_201, true])
  })

  test('of a notebook without lists is one trial', () => {
    expect(productOf([SEED_FIELD], { SEED: null })).toMatchObject({ trials: 1, shown: '1' })
  })
})

test('marks what changed, with the value before', () => {
  const now = { EPOCHS: 2, LEARNING_RATE: [0.1], SEED: 4 }
  expect([...changedFrom(now, { EPOCHS: 1, LEARNING_RATE: [0.1], SEED: null })]).toEqual([
    ['EPOCHS', '1'],
    ['SEED', 'open'],
  ])
  expect(changedFrom(now, null).size).toBe(0)
})

test('explains a field with its range', () => {
  expect(explainField(field('EPOCHS'))).toBe(
    'How often each trial sees every training image. Whole number, 1 to 10000.',
  )
  expect(explainField(field('LEARNING_RATE'))).toMatch(/Numbers, 1e-12 to 10, split by commas\.$/)
})
