import { describe, expect, test } from 'vitest'
import { rowFractions, worstPairs } from './confusion.ts'
import { entriesOf, showReason, showSpan } from './history.ts'
import { deploymentOf, modelOf, TIME, taskOf } from './testRecords.ts'
import { showVerdict, whyNotDeployable } from './verdict.ts'

const nowMs = Date.parse(TIME) + 1000
const plain = (text: string): string => text.replaceAll('\u00a0', ' ')
const withVerdict = (code: string, reason = 'because') =>
  modelOf('a', { verdict: { deployed: code === 'deployed', code, reason, at: TIME } })

describe('verdicts', () => {
  test.each([
    ['not-better', '41.2 % ≤ 43.6 %', 'Not deployed: 41.2 % ≤ 43.6 %', 'plain'],
    ['requirement', 'recall of cat is 0.41, …', 'Not deployed: recall of cat is 0.41, …', 'plain'],
    ['other-test-set', 'x', 'Not deployed: other test set', 'plain'],
    ['declined', 'x', 'Not deployed: declined by hand', 'plain'],
    ['non-finite', 'x', 'Not deployed: broken weights', 'bad'],
    ['out-of-range', 'x', 'Not deployed: metric out of range', 'bad'],
    ['late', 'x', 'Not deployed: late', 'plain'],
    ['pinned', 'x', 'Not deployed: pinned', 'plain'],
    ['failed-to-load', 'x', 'Not deployed: failed to load', 'bad'],
  ])('%s reads', (code, reason, words, tone) => {
    const shown = showVerdict(withVerdict(code, reason), taskOf(null), nowMs)
    expect(plain(`${shown.head} ${shown.rest}`)).toBe(words)
    expect(shown.tone).toBe(tone)
  })

  test('what could not be compared says why in the store’s own words', () => {
    const reason = 'tested on other images than the deployed model, which could not be tried on them: of another size'
    expect(showVerdict(withVerdict('other-test-set', reason), taskOf(null), nowMs).about).toBe(reason)
  })

  test('a model that was current says when that ended', () => {
    expect(showVerdict(withVerdict('rolled-back'), taskOf(null), nowMs).head).toBe('Rolled back')
    expect(showVerdict(withVerdict('replaced'), taskOf(null), nowMs).rest).toMatch(/^at \d\d:\d\d$/)
    expect(showVerdict(withVerdict('replaced'), taskOf(null), nowMs + 3 * 86_400_000).rest).toMatch(
      /^(Wed|Thu|Fri) \d\d:\d\d$/,
    )
  })

  test('the task says what serves, whatever the verdict says yet', () => {
    const task = taskOf(deploymentOf(1, 'a'))
    expect(showVerdict(withVerdict('not-better'), task, nowMs)).toMatchObject({ head: 'Deployed', tone: 'yes' })
    expect(showVerdict(withVerdict('deployed'), { ...task, pinned: true }, nowMs).head).toBe('Deployed, pinned')
    expect(showVerdict(withVerdict('deployed'), taskOf(deploymentOf(2, 'b')), nowMs).head).toBe('Replaced')
  })

  test('damaged weights are said first, also of the model that serves, and cannot be deployed', () => {
    const damaged = modelOf('a', { damagedAt: TIME })
    const served = showVerdict(damaged, taskOf(deploymentOf(1, 'a')), nowMs)
    expect(served).toMatchObject({ head: 'Deployed:', rest: 'weights are damaged', tone: 'bad' })
    expect(showVerdict(damaged, taskOf(null), nowMs)).toMatchObject({ head: 'Not deployed:', tone: 'bad' })
    expect(whyNotDeployable(damaged)).toBe('Damaged weights cannot be deployed')
  })

  test('broken weights and what failed to load cannot be deployed, all else can', () => {
    expect(whyNotDeployable(modelOf('a', { finite: false }))).toBe('Broken weights cannot be deployed')
    expect(whyNotDeployable(withVerdict('failed-to-load'))).toMatch(/failed to load/)
    for (const code of ['late', 'pinned', 'declined', 'other-test-set', 'not-better', 'replaced'])
      expect(whyNotDeployable(withVerdict(code))).toBeNull()
  })
})

describe('the deployment history', () => {
  const history = [
    deploymentOf(1, 'a'),
    deploymentOf(2, 'b'),
    deploymentOf(3, 'a', { by: 'person', reason: 'rolled back from 42.3 %' }),
    deploymentOf(4, 'c'),
    deploymentOf(1, 'd', { task: 'pet-breeds' }),
  ]

  test('is newest first, of one task, and each entry ends where the next begins', () => {
    const entries = entriesOf(history, 'cifar10')
    expect(entries.map(({ deployment }) => deployment.revision)).toEqual([4, 3, 2, 1])
    expect(entries.map(({ until }) => until)).toEqual([null, history[3]?.at, history[2]?.at, history[1]?.at])
  })

  test('leads back to each other sha1 once, by its last entry', () => {
    expect(entriesOf(history, 'cifar10').map(({ canReturn }) => canReturn)).toEqual([false, true, true, false])
  })

  test('says by whom and why', () => {
    expect(history.slice(0, 3).map(showReason)).toEqual(['By itself', 'By itself', 'By hand: rolled back from 42.3 %'])
  })

  const local = (day: number, hour: number, minute: number, second = 0) =>
    new Date(2027, 4, day, hour, minute, second).toISOString()
  const now = new Date(2027, 4, 13, 15, 0).getTime()
  test.each([
    [local(13, 14, 5, 45), null, 'Since 14:05:45'],
    [local(10, 17, 20), null, 'Since Mon 17:20'],
    [local(13, 9, 31), local(13, 14, 5), '09:31 – 14:05'],
    [local(10, 17, 20), local(13, 9, 14), 'Mon 17:20 – today 09:14'],
    [local(10, 16, 58), local(10, 17, 20), 'Mon 16:58 – 17:20'],
  ])('from %s until %s is "%s"', (from, until, words) => {
    expect(showSpan(from, until, now)).toBe(words)
  })
})

describe('an evaluation', () => {
  const confusion = [
    [8, 2, 0],
    [1, 4, 0],
    [0, 0, 0],
  ]
  const names = ['cat', 'dog', 'frog']

  test('rows are fractions of their class', () => {
    expect(rowFractions(confusion)).toEqual([
      [0.8, 0.2, 0],
      [0.2, 0.8, 0],
      [0, 0, 0],
    ])
  })

  test('the worst mistakes come first, ties by number, right answers never', () => {
    expect(worstPairs(confusion, names).map(({ was, said, count }) => `${was} ${said} ${count}`)).toEqual([
      'cat dog 2',
      'dog cat 1',
    ])
    expect(worstPairs(confusion, names, 1)).toHaveLength(1)
  })
})
