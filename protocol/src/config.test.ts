import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countTrials, defaultConfig, expandGrid, factorsOf, resolveConfig } from './config.ts'
import { ProtocolError } from './error.ts'
import { fieldsOf } from './fields.ts'

const CONF_OBJ = {
  EPOCHS: 1,
  BATCH_SIZE: 10,
  LEARNING_RATE: [0.001],
  KERNEL_SIZE: [3],
  NUM_FILTERS: [20],
  DENSE_WIDTH: [128],
}
const fields = fieldsOf(CONF_OBJ)
const current = defaultConfig(fields)

const errorOf = (work: () => unknown): ProtocolError => {
  try {
    work()
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a dropped config', () => {
  test('of sample_conf.json changes the learning rate only and makes two trials', () => {
    const sample: unknown = JSON.parse(readFileSync(new URL('../../sample_conf.json', import.meta.url), 'utf8'))
    expect(resolveConfig(fields, current, sample)).toEqual({
      config: { ...CONF_OBJ, LEARNING_RATE: [0.001, 0.002], SEED: null },
      changed: ['LEARNING_RATE'],
      ignored: [],
      trials: 2,
    })
  })

  test('may omit keys, and names those that the notebook does not know', () => {
    const answer = resolveConfig(fields, { ...current, EPOCHS: 7 }, { BATCH_SIZE: 32, FOO: 1, epochs: 2 })
    expect(answer.config).toMatchObject({ EPOCHS: 7, BATCH_SIZE: 32 })
    expect(answer.changed).toEqual(['BATCH_SIZE'])
    expect(answer.ignored).toEqual(['FOO', 'epochs'])
  })

  test('takes a single number for a list, and one of equal entries', () => {
    const { config } = resolveConfig(fields, current, { KERNEL_SIZE: 5, NUM_FILTERS: [20, 40, 20] })
    expect(config).toMatchObject({ KERNEL_SIZE: [5], NUM_FILTERS: [20, 40] })
  })

  test('may fix the seed, and leave it open again', () => {
    const seeded = resolveConfig(fields, current, { SEED: 7 })
    expect(seeded).toMatchObject({ config: { SEED: 7 }, changed: ['SEED'], ignored: [] })
    expect(resolveConfig(fields, seeded.config, { SEED: null }).config.SEED).toBeNull()
  })

  test.each([
    [{ EPOCHS: 'ten' }, 'EPOCHS', 'an integer from 1 to 10000', '"ten"'],
    [{ EPOCHS: [1, 2] }, 'EPOCHS', 'an integer from 1 to 10000', '[1,2]'],
    [{ EPOCHS: 0 }, 'EPOCHS', 'an integer from 1 to 10000', '0'],
    [{ EPOCHS: 1.5 }, 'EPOCHS', 'an integer from 1 to 10000', '1.5'],
    [{ EPOCHS: null }, 'EPOCHS', 'an integer from 1 to 10000', 'null'],
    [{ EPOCHS: true }, 'EPOCHS', 'an integer from 1 to 10000', 'true'],
    [{ LEARNING_RATE: [0.1, 'x'] }, 'LEARNING_RATE[1]', 'a number from 1e-12 to 10', '"x"'],
    [{ LEARNING_RATE: [0.1, Number.NaN] }, 'LEARNING_RATE[1]', 'a number from 1e-12 to 10', 'NaN'],
    [{ LEARNING_RATE: -1 }, 'LEARNING_RATE', 'a number from 1e-12 to 10', '-1'],
    [{ KERNEL_SIZE: [] }, 'KERNEL_SIZE', 'a list of an integer from 1 to 31', 'an empty list'],
    [{ NUM_FILTERS: Array.from({ length: 65 }, (_, i) => i + 1) }, 'NUM_FILTERS', 'at most 64 values', '65'],
    [{ SEED: 2 ** 32 }, 'SEED', 'an integer from 0 to 4294967295', '4294967296'],
    [[1], '', 'a JSON object of values to try', '[1]'],
    ['x', '', 'a JSON object of values to try', '"x"'],
    [null, '', 'a JSON object of values to try', 'null'],
  ])('%j is refused with place, expected and got', (dropped, at, expected, got) => {
    expect(errorOf(() => resolveConfig(fields, current, dropped))).toMatchObject({
      code: 'E_CONFIG',
      at,
      expected,
      got,
    })
  })

  test('of one wrong value changes nothing, whatever else it holds', () => {
    const before = structuredClone(current)
    expect(() => resolveConfig(fields, current, { BATCH_SIZE: 64, EPOCHS: 'ten' })).toThrow(ProtocolError)
    expect(current).toEqual(before)
  })
})

describe('a grid', () => {
  test('is the product of its lists, last key fastest, each point with every key', () => {
    const { config } = resolveConfig(fields, current, { LEARNING_RATE: [0.1, 0.2], DENSE_WIDTH: [64, 128, 256] })
    const grid = expandGrid(fields, config)
    expect(grid.map((p) => [p.LEARNING_RATE, p.DENSE_WIDTH])).toEqual([
      [0.1, 64],
      [0.1, 128],
      [0.1, 256],
      [0.2, 64],
      [0.2, 128],
      [0.2, 256],
    ])
    expect(grid[0]).toEqual({
      EPOCHS: 1,
      BATCH_SIZE: 10,
      LEARNING_RATE: 0.1,
      KERNEL_SIZE: 3,
      NUM_FILTERS: 20,
      DENSE_WIDTH: 64,
    })
    expect(factorsOf(fields, config).map(({ count }) => count)).toEqual([2, 1, 1, 3])
  })

  test('has as many points as counted, all different, for any lists', () => {
    const list = fc.uniqueArray(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(list, list, (KERNEL_SIZE, NUM_FILTERS) => {
        const { config, trials } = resolveConfig(fields, current, { KERNEL_SIZE, NUM_FILTERS })
        const grid = expandGrid(fields, config)
        expect(trials).toBe(KERNEL_SIZE.length * NUM_FILTERS.length)
        expect(new Set(grid.map((point) => JSON.stringify(point))).size).toBe(trials)
      }),
    )
  })

  test('above 10,000 trials is refused with its size, without being built', () => {
    const many = Array.from({ length: 64 }, (_, i) => i + 1)
    const wide = fieldsOf(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`K${i}`, many])))
    const config = defaultConfig(wide)
    expect(errorOf(() => countTrials(wide, config))).toMatchObject({ code: 'E_GRID', expected: 'at most 10000 trials' })
    expect(() => expandGrid(wide, config)).toThrow(ProtocolError)
  })
})

describe('the schema of a notebook', () => {
  test('comes from its CONF_OBJ, with the well-known ranges and an open SEED', () => {
    expect(fields.map(({ key, type, list }) => [key, type, list])).toEqual([
      ['EPOCHS', 'integer', false],
      ['BATCH_SIZE', 'integer', false],
      ['LEARNING_RATE', 'float', true],
      ['KERNEL_SIZE', 'integer', true],
      ['NUM_FILTERS', 'integer', true],
      ['DENSE_WIDTH', 'integer', true],
      ['SEED', 'integer', false],
    ])
  })

  test('takes further keys with type, range, default and a sentence', () => {
    const [patience] = fieldsOf({
      PATIENCE: { type: 'integer', min: 0, max: 50, default: 3, about: 'Epochs without progress before it stops.' },
    })
    expect(patience).toMatchObject({ key: 'PATIENCE', list: false, min: 0, max: 50, default: 3 })
  })

  test.each([
    [{ 'not a key': 1 }, 'not a key'],
    [{ EPOCHS: 0 }, 'EPOCHS'],
    [{ EPOCHS: 1.5 }, 'EPOCHS'],
    [{ LEARNING_RATE: [] }, 'LEARNING_RATE'],
    [{ DROPOUT: { min: 0, max: 1, default: 2 } }, 'DROPOUT'],
    [{ DROPOUT: Number.NaN }, 'DROPOUT'],
  ])('%j is refused by name', (declared, at) => {
    expect(errorOf(() => fieldsOf(declared))).toMatchObject({ code: 'E_FIELDS', at })
  })
})
