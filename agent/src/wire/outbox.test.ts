import { type AttemptRecord, MAX_BATCH_BYTES, parseFromAgent } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import type { Letter } from './letters.ts'
import { createOutbox, type OutboxSettings } from './outbox.ts'

const ONE = { job: 'j', trial: 0, attempt: 1, lease: 'l1' }
const TWO = { job: 'j', trial: 1, attempt: 1, lease: 'l2' }
const NOW = '2026-01-02T03:04:05.678Z'
const log = (text: string): AttemptRecord => ({ kind: 'log', time: NOW, level: 'info', text })
const FAILED = { type: 'failed', reason: 'x', permanent: true } as const

function outbox(limits: Partial<OutboxSettings> = {}) {
  let id = 0
  return createOutbox({ nextId: () => `m${++id}`, now: () => NOW, ...limits })
}
/** What a letter says, read by the store's own parser. */
const read = ({ text }: Letter) => {
  const message = parseFromAgent(text)
  if (message.type !== 'records') return message.type
  return [
    message.trial,
    message.first,
    ...message.records.map((record) => (record.kind === 'log' ? record.text : record.name)),
  ]
}

test('records of an attempt are numbered from 1 and go in order', () => {
  const box = outbox()
  box.add(ONE, log('a'))
  box.add(TWO, log('b'))
  box.add(ONE, log('c'))
  expect(box.take().map(read)).toEqual([
    [0, 1, 'a', 'c'],
    [1, 1, 'b'],
  ])
  box.settle('m1')
  box.add(ONE, log('d'))
  expect(box.take().map(read)).toEqual([[0, 3, 'd']])
})

test('while records of an attempt are not acknowledged, further ones fill the next message; full ones do not wait', () => {
  const box = outbox()
  box.add(ONE, log('0'))
  expect(box.take().map(read)).toEqual([[0, 1, '0']])
  for (let i = 1; i <= 300; i++) box.add(ONE, log(`${i}`))
  box.add(TWO, log('other'))
  expect(box.take().map(({ attempt, records }) => [attempt.trial, records])).toEqual([
    [0, 256],
    [1, 1],
  ])
  box.settle('m1')
  expect(box.take()).toEqual([])
  box.settle('m2')
  expect(box.take().map((letter) => read(letter).slice(0, 3))).toEqual([[0, 258, '257']])
})

test('what is not acknowledged is sent again after a reconnect, with the same ids and numbers', () => {
  const box = outbox()
  for (let i = 0; i < 2 * 256 + 1; i++) box.add(ONE, log(`${i}`))
  const [first, second] = box.take()
  expect(box.take()).toEqual([])
  box.settle(first?.id ?? '')
  box.rewind()
  expect(box.take()).toEqual([second])
})

test('a checkpoint waits until the records before it are acknowledged; records after it do not wait for it', () => {
  const box = outbox()
  box.add(ONE, log('before'))
  box.checkpoint(ONE, { sha1: 'a'.repeat(40), step: 7, progress: 0.5 })
  box.add(ONE, log('after'))
  const [before] = box.take()
  expect(before && read(before)).toEqual([0, 1, 'before'])
  box.settle(before?.id ?? '')
  const [checkpoint, after] = box.take()
  expect(checkpoint && parseFromAgent(checkpoint.text)).toMatchObject({ type: 'checkpoint', ...ONE, step: 7 })
  expect(after && read(after)).toEqual([0, 2, 'after'])
  box.end(ONE, FAILED)
  box.settle(after?.id ?? '')
  expect(box.take()).toEqual([])
  box.settle(checkpoint?.id ?? '')
  expect(box.take().map(read)).toEqual(['failed'])
})

test('an outcome waits until all records of its attempt are acknowledged; other attempts do not', () => {
  const box = outbox()
  box.add(ONE, log('a'))
  box.end(ONE, FAILED)
  box.end(TWO, FAILED)
  const [records, other] = box.take()
  expect([records, other].map((letter) => letter && read(letter))).toEqual([[0, 1, 'a'], 'failed'])
  expect(other?.attempt).toEqual(TWO)
  box.settle(records?.id ?? '')
  expect(box.take().map(read)).toEqual(['failed'])
})

test('a batch holds at most 256 records and 64 KiB', () => {
  const box = outbox()
  for (let i = 0; i < 600; i++) box.add(ONE, log(`${i}`))
  expect(box.take().map(({ records }) => records)).toEqual([256, 256])
  for (const id of ['m1', 'm2']) box.settle(id)
  expect(box.take().map(({ records }) => records)).toEqual([88])
  for (let i = 0; i < 10; i++) box.add(TWO, log('x'.repeat(16_000)))
  const sizes = box.take().map(({ text }) => text.length)
  expect(sizes.length).toBe(2)
  expect(Math.max(...sizes)).toBeLessThan(MAX_BATCH_BYTES + 200)
})

test.each([
  ['records', { maxRecords: 2 }],
  ['bytes', { maxBytes: 150 }],
])('over the bound of %s records are counted, and the gap is told where it is', (_, limits) => {
  const box = outbox(limits)
  for (const text of ['a', 'b', 'lost', 'lost']) box.add(ONE, log(text))
  const [kept] = box.take()
  expect(kept && read(kept)).toEqual([0, 1, 'a', 'b'])
  box.settle(kept?.id ?? '')
  box.add(ONE, log('e'))
  const gap = '2 log lines and metrics are missing here: the store was out of reach and the agent’s buffer was full'
  expect(box.take().map(read)).toEqual([[0, 3, gap, 'e']])
})

test('a gap at the end of an attempt is told before its outcome, even while the outbox is full', () => {
  const box = outbox({ maxRecords: 1 })
  box.add(ONE, log('a'))
  box.add(ONE, log('lost'))
  box.end(ONE, FAILED)
  const letters = box.take()
  expect(letters.map(read)).toEqual([[0, 1, 'a', expect.stringMatching(/^1 log lines/)]])
})

test('at most 64 messages are under way', () => {
  const box = outbox()
  for (let i = 0; i < 100; i++) box.end({ ...ONE, trial: i }, FAILED)
  const first = box.take()
  expect(first).toHaveLength(64)
  box.settle(first[0]?.id ?? '')
  expect(box.take()).toHaveLength(1)
})

test('a forgotten attempt frees its room', () => {
  const box = outbox({ maxRecords: 2 })
  box.add(ONE, log('a'))
  box.take()
  box.add(ONE, log('b'))
  box.forget(ONE)
  expect(box.attempts()).toEqual([])
  box.add(TWO, log('c'))
  box.add(TWO, log('d'))
  expect(box.take().map(read)).toEqual([[1, 1, 'c', 'd']])
  expect(box.attempts()).toEqual([TWO])
})

test('a long time out of reach makes few large messages, not one for each moment', () => {
  const box = outbox()
  for (let i = 0; i < 10_000; i++) {
    box.add(ONE, log(`${i}`))
    box.take()
  }
  const sent: unknown[] = []
  let count = 0
  box.rewind()
  for (let letters = box.take(); letters.length > 0; letters = box.take())
    for (const letter of letters) {
      count++
      sent.push(...read(letter).slice(2))
      box.settle(letter.id)
    }
  expect(count).toBeLessThan(150)
  expect(sent).toEqual(Array.from({ length: 10_000 }, (_, i) => `${i}`))
})
