import { describe, expect, test } from 'vitest'
import {
  addEarlier,
  addLines,
  DROP_LINES,
  logFile,
  MAX_HELD_LINES,
  markReconnect,
  openBook,
  tailAfter,
  textOf,
} from './logBook.ts'
import { extendLayout, lineAt, linesInSight, newLayout, rowOf, rowsOf, totalRows } from './logLayout.ts'
import { extendMatches, markPieces, newMatches, nextMatch } from './search.ts'
import { lineOf, linesFrom, TIME } from './testRecords.ts'

const seqsOf = (book: { lines: readonly { seq: number }[] }): number[] => book.lines.map(({ seq }) => seq)

describe('a log book', () => {
  test('holds each line once and in order, however often it is sent', () => {
    const book = openBook()
    expect(addLines(book, linesFrom(1, 3))).toBe(3)
    expect(addLines(book, linesFrom(2, 5))).toBe(2)
    expect(addLines(book, linesFrom(1, 5))).toBe(0)
    expect(seqsOf(book)).toEqual([1, 2, 3, 4, 5])
    expect(book.lastSeq).toBe(5)
  })

  test('begins with the tail of a long log and takes earlier lines in front', () => {
    expect([tailAfter(10), tailAfter(250_000)]).toEqual([0, 150_000])
    const book = openBook(3)
    addLines(book, linesFrom(4, 6))
    addEarlier(book, linesFrom(1, 4))
    expect(seqsOf(book)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('marks how many lines were missed, before the first of them, and nothing when none were', () => {
    const book = openBook()
    addLines(book, linesFrom(1, 3))
    markReconnect(book, 3)
    expect(book.caughtUp.size).toBe(0)
    markReconnect(book, 10)
    expect([...book.caughtUp]).toEqual([[4, 7]])
  })

  test('lets the oldest lines go above half a million', () => {
    const book = openBook()
    const line = lineOf(1)
    addLines(
      book,
      Array.from({ length: MAX_HELD_LINES + 1 }, (_, i) => ({ ...line, seq: i + 1 })),
    )
    expect([book.lines.length, book.lines[0]?.seq, book.lastSeq]).toEqual([
      MAX_HELD_LINES + 1 - DROP_LINES,
      DROP_LINES + 1,
      MAX_HELD_LINES + 1,
    ])
  })

  test.each([
    ['plain', null, 'plain'],
    ['loss 2', 1, 'trial 2: loss 2'],
    ['trial 2: loss 2', 1, 'trial 2: loss 2'],
    ['\u001b[31mred\u001b[0m', null, 'red'],
    ['a\tb', null, 'a    b'],
    ['50 %\r100 %', null, '50 %100 %'],
    ['a\r\nb', null, 'a\nb'],
    ['bell\u0007', null, 'bell\ufffd'],
    ['<b>', null, '<b>'],
  ])('shows %j of trial %j as %j', (text, trial, shown) => {
    expect(textOf(lineOf(1, text, { trial }))).toBe(shown)
  })

  test('a file of it has a line each, with time and level', () => {
    expect(logFile([lineOf(1, 'a', { level: 'warn' }), lineOf(2, 'b')])).toBe(`${TIME} warn  a\n${TIME} info  b\n`)
  })
})

test.each([
  ['', 10, 1],
  ['1234567890', 10, 1],
  ['12345678901', 10, 2],
  ['a\nb', 10, 2],
  ['a\n\n', 10, 3],
  ['日本語日本', 10, 1],
  ['日本語日本語', 10, 2],
  ['é é é é é ', 10, 1],
])('%j takes rows in %i columns: %i', (text, columns, rows) => {
  expect(rowsOf(text, columns)).toBe(rows)
})

describe('the rows of a log', () => {
  const book = openBook()
  addLines(book, [lineOf(1, 'a'), lineOf(2, 'x'.repeat(25)), lineOf(3, 'c'), lineOf(4, 'd')])
  book.caughtUp.set(3, 9)
  const layout = newLayout(10)
  extendLayout(layout, book)

  test('count wrapped lines and the rule of a reconnect', () => {
    expect(layout.ends).toEqual([1, 4, 6, 7])
    expect([totalRows(layout), rowOf(layout, 0), rowOf(layout, 2), rowOf(layout, 99)]).toEqual([7, 0, 4, 0])
  })

  test.each([
    [-5, 0],
    [0, 0],
    [1, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 3],
    [70, 3],
  ])('row %i belongs to line %i', (row, line) => {
    expect(lineAt(layout, row)).toBe(line)
  })

  test('only lines in sight are drawn, with some to spare', () => {
    expect(linesInSight(layout, 1, 1, 0)).toEqual({ first: 1, last: 2 })
    expect(linesInSight(layout, 0, 100)).toEqual({ first: 0, last: 4 })
    expect(linesInSight(newLayout(10), 0, 100)).toEqual({ first: 0, last: 0 })
  })

  test('grow at the end, and are counted anew when lines come or go in front', () => {
    const own = openBook(10)
    const rows = newLayout(10)
    addLines(own, linesFrom(11, 12))
    extendLayout(rows, own)
    addLines(own, linesFrom(13, 13))
    extendLayout(rows, own)
    expect(rows.ends).toEqual([1, 2, 3])
    addEarlier(own, [lineOf(10, 'x'.repeat(11))])
    extendLayout(rows, own)
    expect(rows.ends).toEqual([2, 3, 4, 5])
  })
})

describe('a search', () => {
  const book = openBook()
  addLines(book, [lineOf(1, 'Loss 2'), lineOf(2, 'nothing'), lineOf(3, 'loss loss')])

  test('finds lines whatever their case, and those that come later', () => {
    const matches = newMatches('LOSS')
    extendMatches(matches, book)
    expect(matches.seqs).toEqual([1, 3])
    const longer = { ...book, lines: [...book.lines, lineOf(4, 'a loss'), lineOf(5, 'b')] }
    extendMatches(matches, longer)
    expect(matches.seqs).toEqual([1, 3, 4])
  })

  test('looks again when earlier lines come in front', () => {
    const tail = openBook(1)
    addLines(tail, [lineOf(2, 'x'), lineOf(3, 'x')])
    const matches = newMatches('x')
    extendMatches(matches, tail)
    addEarlier(tail, [lineOf(1, 'x')])
    extendMatches(matches, tail)
    expect(matches.seqs).toEqual([1, 2, 3])
  })

  test('goes on around the end in both directions, and nowhere without a match', () => {
    const matches = newMatches('loss')
    extendMatches(matches, book)
    expect([nextMatch(matches, 0, 1), nextMatch(matches, 1, 1), nextMatch(matches, 3, 1)]).toEqual([1, 3, 1])
    expect([nextMatch(matches, 3, -1), nextMatch(matches, 1, -1)]).toEqual([1, 3])
    expect(nextMatch(newMatches('zzz'), 0, 1)).toBeNull()
  })

  test.each([
    ['a loss, Loss', 'loss', 'a [loss], [Loss]'],
    ['aaa', 'aa', '[aa]a'],
    ['abc', '', 'abc'],
    ['İstanbul', 'stan', 'İstanbul'],
  ])('marks in %j the word %j: %j', (text, query, marked) => {
    expect(
      markPieces(text, query)
        .map((piece) => (piece.hit ? `[${piece.text}]` : piece.text))
        .join(''),
    ).toBe(marked)
  })
})
