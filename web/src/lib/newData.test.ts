import type { NotebookData } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { automaticText, newDataJob, newsOf } from './newData.ts'
import { jobOf, notebookOf } from './testRecords.ts'

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as [string, string]
const found = { data: B, images: 252, leftOut: 0, since: A, changes: { added: 12, changed: 0, removed: 0 } }
const newsFor = (newData: Partial<NotebookData>) => {
  const news = newsOf(notebookOf({ newData: { found, trained: A, automatic: null, ...newData } }))
  return news && [news.text.replaceAll('\u00a0', ' '), news.isNew, news.isBad]
}

test.each<[string, Partial<NotebookData>, string, boolean, boolean]>([
  ['new images', {}, '12 new images since the last training.', true, false],
  [
    'files that are no pictures',
    { found: { ...found, leftOut: 1 } },
    '12 new images since the last training. 1 file cannot be read as a picture.',
    true,
    false,
  ],
  ['what was trained on', { trained: B }, 'No new images since the last training.', false, false],
  ['nothing trained yet', { trained: null }, '252 images, none trained on yet.', true, false],
  ['a count of another time', { found: { ...found, since: null } }, 'Counting new images.', false, false],
  [
    'no record of the last training',
    { found: { ...found, changes: null } },
    'Other images than in the last training; how many are new is not known here.',
    true,
    false,
  ],
  [
    'a folder that is gone',
    { found: null, problem: 'pets: nothing there' },
    'Its folders cannot be trained on. pets: nothing there',
    false,
    true,
  ],
  ['a notebook that is not heard', { found: null }, 'What is in its folders shows up once it is heard.', false, false],
])('of %s the page says so', (_, newData, text, isNew, isBad) => {
  expect(newsFor(newData)).toEqual([text, isNew, isBad])
})

test('a notebook without folders has no news', () => {
  expect(newsOf(notebookOf())).toBeNull()
})

test('the switch says what it waits for', () => {
  const automatic = { atLeast: 1, warmStart: false }
  const newData = { found, trained: A, automatic }
  expect(automaticText(notebookOf({ newData }))).toMatch(/^On\. Trains once 1.new image is there and/)
  expect(automaticText(notebookOf({ newData, state: 'unreachable' }))).toBe('On. Waits until the notebook is back.')
  expect(automaticText(notebookOf({ newData: { ...newData, trained: null } }))).toBe(
    'On, after a first training by hand.',
  )
  expect(automaticText(notebookOf({ newData: { ...newData, automatic: null } }))).toMatch(/^Off/)
})

test('the job that trains on new data is that of the notebook, while it has not ended', () => {
  const newData = { by: 'person', reason: 'asked for', initialWeights: null } as const
  const ended = jobOf({ number: 1, newData, state: 'done', endedAt: '2027-05-13T10:00:00.000Z' })
  const other = jobOf({ number: 2, newData, notebook: 'dogs', endedAt: null })
  const plain = jobOf({ number: 3, endedAt: null })
  expect(newDataJob([plain, other, ended], 'cifar10')).toBeUndefined()
  const open = jobOf({ number: 4, newData, endedAt: null, state: 'queued' })
  expect(newDataJob([plain, other, open, ended], 'cifar10')).toBe(open)
})
