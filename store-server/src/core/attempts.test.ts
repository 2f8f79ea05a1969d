import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logRecord, metricRecord } from '../testing/fakeAgent.ts'
import {
  acceptRecords,
  cutLine,
  NOTHING_RECEIVED,
  type Received,
  recoverReceived,
  type StoredLine,
  type StoredPoint,
} from './attempts.ts'

const all = Array.from({ length: 30 }, (_, i) => (i % 3 === 2 ? metricRecord(i, i) : logRecord(`line ${i + 1}`)))
const batch = (first: number, count: number) => ({
  trial: 0,
  attempt: 1,
  first,
  records: all.slice(first - 1, first - 1 + count),
})

/** As after a restart, with pages of one line. */
function recovered(lines: Parameters<typeof recoverReceived>[1], points: Parameters<typeof recoverReceived>[2]) {
  const found = new Map<string, Received>()
  for (const line of lines) recoverReceived(found, [line], [])
  recoverReceived(found, [], points)
  return found
}

test('a batch sent twice is stored once', () => {
  const once = acceptRecords(NOTHING_RECEIVED, batch(1, 4))
  if (once.type === 'gap') throw new Error('gap')
  expect(once.lines.map(({ n, text }) => [n, text])).toEqual([
    [1, 'line 1'],
    [2, 'line 2'],
    [4, 'line 4'],
  ])
  expect(once.points.map(({ n, value }) => [n, value])).toEqual([[3, 2]])
  expect(acceptRecords(once.received, batch(1, 4))).toMatchObject({ lines: [], points: [] })
  expect(acceptRecords(once.received, batch(3, 3))).toMatchObject({ lines: [{ n: 5 }], points: [] })
})

test('a batch that leaves a hole is refused with the number that is missing', () => {
  expect(acceptRecords(NOTHING_RECEIVED, batch(2, 1))).toEqual({ type: 'gap', expected: 1 })
  expect(acceptRecords({ ...NOTHING_RECEIVED, logNumber: 2, metricNumber: 3 }, batch(5, 1))).toEqual({
    type: 'gap',
    expected: 4,
  })
})

test('whatever is repeated, or half stored before a crash, every record is stored once and in order', () => {
  const step = fc.record({
    back: fc.integer({ min: 0, max: 12 }),
    count: fc.integer({ min: 1, max: 12 }),
    fate: fc.constantFrom(
      'acknowledged',
      'acknowledgement lost',
      'only lines stored',
      'only points stored',
      'nothing stored',
    ),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const lines: StoredLine[] = []
      const points: StoredPoint[] = []
      let received: Received = NOTHING_RECEIVED
      let acknowledged = 0
      for (const { back, count, fate } of [...steps, { back: 30, count: 30, fate: 'acknowledged' }]) {
        // As an agent does: never beyond what is acknowledged, but perhaps some of it again.
        const first = Math.max(1, acknowledged + 1 - back)
        const sent = batch(first, count)
        if (sent.records.length === 0) continue
        const accepted = acceptRecords(received, sent)
        if (accepted.type === 'gap') throw new Error(`gap at ${first}`)
        if (fate !== 'only points stored' && fate !== 'nothing stored') lines.push(...accepted.lines)
        if (fate !== 'only lines stored' && fate !== 'nothing stored') points.push(...accepted.points)
        received = accepted.received
        // The store was killed: it knows what its two files say.
        if (fate !== 'acknowledged') received = recovered(lines, points).get('0/1') ?? NOTHING_RECEIVED
        else acknowledged = Math.max(acknowledged, first + sent.records.length - 1)
      }
      expect(lines.map(({ n }) => n)).toEqual(all.flatMap((r, i) => (r.kind === 'log' ? [i + 1] : [])))
      expect(points.map(({ n }) => n)).toEqual(all.flatMap((r, i) => (r.kind === 'metric' ? [i + 1] : [])))
    }),
  )
})

test('above the quota lines are counted and points still kept, and holes no longer matter', () => {
  const first = acceptRecords(NOTHING_RECEIVED, batch(1, 6), 3)
  if (first.type === 'gap') throw new Error('gap')
  expect([first.lines.length, first.points.length, first.received.dropped]).toEqual([3, 2, 1])
  const second = acceptRecords(first.received, batch(10, 3), 3)
  expect(second).toMatchObject({ type: 'accepted', lines: [], points: [{ n: 12 }], received: { dropped: 3 } })
})

test('the store’s own lines do not count as received', () => {
  expect(recovered([{ trial: 0, attempt: 0, n: 0 }], []).size).toBe(0)
})

test.each([
  ['short', 'abc', 'abc'],
  ['exactly 16 KiB', 'x'.repeat(16_384), 'x'.repeat(16_384)],
  ['one byte more', 'x'.repeat(16_385), `${'x'.repeat(16_381)}…`],
  ['two-byte letters', 'ä'.repeat(9_000), `${'ä'.repeat(8_190)}…`],
  ['four-byte signs, never halved', '🐾'.repeat(5_000), `${'🐾'.repeat(4_095)}…`],
])('a line of %s', (_, text, expected) => {
  expect(cutLine(text)).toBe(expected)
  expect(Buffer.byteLength(cutLine(text))).toBeLessThanOrEqual(16_384)
})
