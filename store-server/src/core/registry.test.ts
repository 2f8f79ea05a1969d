import { fieldsOf } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { TEST_TASK } from '../testing/fakeAgent.ts'
import {
  addSeconds,
  carryConfig,
  dropConfig,
  presentNotebook,
  type Registration,
  registerNotebook,
} from './registry.ts'

const schema = fieldsOf({ EPOCHS: 1, NUM_FILTERS: [20], DENSE_WIDTH: [128] })
const registration: Registration = {
  type: 'register',
  id: 'r',
  name: 'pets',
  task: TEST_TASK,
  schema,
  engine: 'fake',
  cores: 2,
  slots: 1,
  host: 'here',
  pid: 1,
  attempts: [],
}
const now = '2026-01-02T00:00:00.000Z'
const later = '2026-01-02T00:01:00.000Z'
const fresh = registerNotebook(null, 'pets', 'i', registration, now)

test('a drop changes what it names and remembers the values before it', () => {
  const { record, answer } = dropConfig(fresh, { EPOCHS: 3 })
  expect(answer).toMatchObject({ changed: ['EPOCHS'], ignored: [], trials: 1 })
  expect(record.notebook).toMatchObject({ config: { EPOCHS: 3, NUM_FILTERS: [20] }, previousConfig: { EPOCHS: 1 } })
  expect(dropConfig(record, { EPOCHS: 3 }).record).toBe(record)
})

test('values that a person changed stay while they fit; the others follow an edited cell', () => {
  const { record } = dropConfig(fresh, { EPOCHS: 3, NUM_FILTERS: [64] })
  const edited = fieldsOf({
    EPOCHS: 2,
    NUM_FILTERS: { default: [8], max: 32 },
    DENSE_WIDTH: [256],
    DROPOUT: { default: 0.5 },
  })
  const config = carryConfig(record.notebook, edited)
  expect(config).toEqual({ EPOCHS: 3, NUM_FILTERS: [8], DENSE_WIDTH: [256], DROPOUT: 0.5, SEED: null })
})

test('a kernel that registers again keeps values and history, and can undo only within its schema', () => {
  const dropped = addSeconds(dropConfig(fresh, { EPOCHS: 3 }).record, 9)
  const again = registerNotebook(dropped, 'pets', 'j', { ...registration, engine: 'new' }, later)
  expect(again).toMatchObject({
    instance: 'j',
    seconds: [9],
    notebook: { engine: 'new', config: { EPOCHS: 3 }, previousConfig: { EPOCHS: 1 }, trialSeconds: 9 },
  })
  const other = { ...registration, schema: fieldsOf({ EPOCHS: 1 }) }
  expect(registerNotebook(dropped, 'pets', 'j', other, later).notebook.previousConfig).toBeNull()
})

test('its state follows from connection and job, and says since when', () => {
  const busy = presentNotebook(fresh, 'live', 'job', later)
  expect(busy.notebook).toMatchObject({ state: 'busy', job: 'job', since: later })
  expect(presentNotebook(busy, 'live', 'job', 'never')).toBe(busy)
  expect(presentNotebook(busy, 'live', 'next', 'never').notebook).toMatchObject({ job: 'next', since: later })
  expect(presentNotebook(busy, 'unreachable', 'job', now).notebook).toMatchObject({
    state: 'unreachable',
    job: 'job',
    since: now,
  })
})

test('estimates are the median of the latest fifty trials', () => {
  const median = (...seconds: number[]) => seconds.reduce(addSeconds, fresh).notebook.trialSeconds
  expect(median(5)).toBe(5)
  expect(median(1, 100, 3)).toBe(3)
  expect(median(4, 1, 3, 2)).toBe(2.5)
  expect(median(...Array(50).fill(1), ...Array(50).fill(7))).toBe(7)
})
