import { expect, test } from 'vitest'
import { articleOf, countWord, loadProblemOf, phraseOf, refusalOf, sayLive } from './words.ts'

test('an airplane, a cat', () => {
  expect(['airplane', 'Owl', 'cat', 'horse', '2CV'].map(articleOf)).toEqual(['an', 'an', 'a', 'a', 'a'])
})

test.each([
  ['cat', 0.87, 'This looks like a cat', '87\u00a0%', true],
  ['automobile', 0.5, 'This looks like an automobile', '50\u00a0%', true],
  ['cat', 0.4999, 'Not sure. Perhaps a cat', '50\u00a0%', false],
  ['airplane', 0.41, 'Not sure. Perhaps an airplane', '41\u00a0%', false],
  ['cat', 1, 'This looks like a cat', '100\u00a0%', true],
])('%s at %d: %s', (className, probability, text, percent, sure) => {
  expect(phraseOf({ className, probability })).toEqual({ text, percent, sure })
})

test('small numbers are words', () => {
  expect([2, 10, 12, 13, 1000].map(countWord)).toEqual(['two', 'ten', 'twelve', '13', '1,000'])
})

test('a refusal names the file, and one nobody foresaw keeps its words', () => {
  expect(refusalOf('holiday.heic', { code: 'E_IMAGE_TYPE', message: '' }).what).toBe('holiday.heic cannot be read.')
  expect(refusalOf('a.png', { code: 'E_IMAGE_PIXELS', message: '', got: '9 × 9' }).what).toContain('9 × 9')
  expect(refusalOf('a.png', { code: 'E_NEW', message: 'Out of film.' }).advice).toBe('Out of film.')
})

test('a model that failed to load is named, and so is the one that answers', () => {
  const [old, bad] = ['8'.repeat(40), '3'.repeat(40)]
  const error = { code: 'E_BLOB_HASH', message: '' }
  const model = { task: 'pets', classNames: ['a', 'b'], testAccuracy: null, deployedAt: '', revision: 1, testCount: 1 }
  const served = { ...model, sha1: old as never, width: 1, height: 1, channels: 'rgb', fit: 'fill' } as const
  const task = { task: 'pets', classNames: ['a', 'b'], served: null, refused: { sha1: bad as never, error } }
  expect(loadProblemOf(task)).toEqual({
    what: '3333333 could not be loaded',
    why: 'its bytes do not match its name',
    now: 'No model answers yet.',
  })
  expect(loadProblemOf({ ...task, served })?.now).toBe('8888888 keeps answering.')
  expect(loadProblemOf({ ...task, refused: null })).toBeNull()
})

test.each([
  [0.401, 0.436, false, 'New model 3333333 is live', '43.6\u00a0%, was 40.1\u00a0%'],
  [0.436, 0.401, true, 'Rolled back to 3333333', '40.1\u00a0%, was 43.6\u00a0%'],
  [0.436, 0.401, false, '3333333 is live', '40.1\u00a0%, was 43.6\u00a0%'],
  [0.401, 0.436, true, '3333333 is live again', '43.6\u00a0%, was 40.1\u00a0%'],
  [null, 0.436, false, 'New model 3333333 is live', '43.6\u00a0%'],
  [0.401, null, false, 'New model 3333333 is live', ''],
])('after a model with %s, one with %s (seen before: %s): %s', (was, is, seen, title, detail) => {
  const after = { sha1: '3'.repeat(40) as never, testAccuracy: is }
  const before = was === null ? null : { sha1: '8'.repeat(40) as never, testAccuracy: was }
  expect(sayLive(before, after, seen)).toEqual({ title, detail })
})
