import { fieldsOf } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { TEST_FIELDS, TEST_TASK } from '../testing/fakeAgent.ts'
import { claimName, type Holder, sameSchema } from './naming.ts'

const LEASE_MS = 60_000
const newcomer = { name: 'pets', instance: 'new', task: TEST_TASK, schema: TEST_FIELDS }
const holder = (over: Partial<Holder> = {}): Holder => ({
  name: 'pets',
  requested: 'pets',
  instance: 'old',
  host: 'here',
  pid: 1,
  task: TEST_TASK,
  schema: TEST_FIELDS,
  presence: 'unreachable',
  silentMs: 1_000,
  unfinished: true,
  ...over,
})
const otherSchema = fieldsOf({ EPOCHS: 1 })
const otherTask = { ...TEST_TASK, classNames: ['cat', 'dog', 'bird'] }

test.each([
  ['a free name is given', [], {}, { type: 'fresh', name: 'pets' }],
  ['a live name gets a suffix', [holder({ presence: 'live' })], {}, { type: 'fresh', name: 'pets-2' }],
  [
    'the next free suffix counts on',
    [holder({ presence: 'live' }), holder({ name: 'pets-2', presence: 'live', instance: 'b' })],
    {},
    { type: 'fresh', name: 'pets-3' },
  ],
  [
    'the same instance is back, however long it was away',
    [holder({ silentMs: 1e9 })],
    { instance: 'old' },
    { type: 'same', name: 'pets' },
  ],
  [
    'the same instance is back while its broken connection still looks live',
    [holder({ presence: 'live' })],
    { instance: 'old' },
    { type: 'same', name: 'pets' },
  ],
  [
    'the same instance keeps its suffix when it asks for the plain name again',
    [holder({ instance: 'x', presence: 'live' }), holder({ name: 'pets-2', instance: 'new' })],
    {},
    { type: 'same', name: 'pets-2' },
  ],
  ['a lease that has run out is taken over', [holder({ silentMs: LEASE_MS })], {}, { type: 'takeover', name: 'pets' }],
  [
    'a holder known to be dead is taken over at once',
    [holder()],
    { replaces: 'old' },
    { type: 'takeover', name: 'pets' },
  ],
  [
    'a holder that said goodbye is taken over at once',
    [holder({ presence: 'gone' })],
    {},
    { type: 'takeover', name: 'pets' },
  ],
  [
    'naming somebody else as dead proves nothing',
    [holder()],
    { replaces: 'other' },
    { type: 'held', holder: holder(), retryAfterMs: 59_000 },
  ],
  [
    'a live holder is not dead, whatever is said',
    [holder({ presence: 'live' })],
    { replaces: 'old' },
    { type: 'fresh', name: 'pets-2' },
  ],
  [
    'another schema gets a suffix',
    [holder({ silentMs: 1e9 })],
    { schema: otherSchema },
    { type: 'fresh', name: 'pets-2' },
  ],
  ['other classes get a suffix', [holder({ silentMs: 1e9 })], { task: otherTask }, { type: 'fresh', name: 'pets-2' }],
  [
    'another schema has the name of a holder that is gone and left nothing',
    [holder({ presence: 'gone', unfinished: false })],
    { schema: otherSchema },
    { type: 'fresh', name: 'pets' },
  ],
  [
    'another schema gets a suffix while jobs of the old one wait',
    [holder({ presence: 'gone' })],
    { schema: otherSchema },
    { type: 'fresh', name: 'pets-2' },
  ],
  [
    'nobody waits for a suffix',
    [holder({ presence: 'live' }), holder({ name: 'pets-2' })],
    {},
    { type: 'fresh', name: 'pets-3' },
  ],
])('%s', (_, holders, over, expected) => {
  expect(claimName({ ...newcomer, ...over }, holders, LEASE_MS)).toEqual(expected)
})

test('a name of full length loses its end to the suffix', () => {
  const name = 'x'.repeat(128)
  const claim = claimName({ ...newcomer, name }, [holder({ name, presence: 'live' })], LEASE_MS)
  expect(claim).toEqual({ type: 'fresh', name: `${'x'.repeat(126)}-2` })
})

test('schemas are the same when only defaults differ, and not when a range differs', () => {
  expect(sameSchema(fieldsOf({ EPOCHS: 1 }), fieldsOf({ EPOCHS: 9 }))).toBe(true)
  expect(sameSchema(fieldsOf({ EPOCHS: 1 }), fieldsOf({ EPOCHS: { default: 1, max: 2 } }))).toBe(false)
})
