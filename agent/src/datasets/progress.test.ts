import { expect, test } from 'vitest'
import { countPrinter, progressPrinter } from './progress.ts'

function printed(isTTY: boolean, reports: readonly [received: number, total: number | null][]): string[] {
  const lines: string[] = []
  const print = progressPrinter('Downloading', { isTTY, write: (text) => lines.push(text) })
  for (const [received, total] of reports) print({ received, total })
  return lines
}

const MIB = 2 ** 20

test('a file gets a plain line for each tenth', () => {
  const reports = Array.from({ length: 201 }, (_, half) => [half * MIB, 200 * MIB] as [number, number])
  const lines = printed(false, reports)
  expect(lines).toHaveLength(11)
  expect(lines[1]).toBe('Downloading: 10 % of 200.0 MiB\n')
})

test('a terminal has one line rewritten, and what is printed next begins a line', () => {
  const lines = printed(true, [
    [0, 2 * MIB],
    [MIB, 2 * MIB],
    [MIB, 2 * MIB],
  ])
  expect(lines).toEqual(['Downloading: 0 % of 2.0 MiB\n', '\x1b[1A\r\x1b[2KDownloading: 50 % of 2.0 MiB\n'])
})

test('without a known total it counts what has come', () => {
  expect(
    printed(false, [
      [0, null],
      [15 * MIB, null],
      [16 * MIB, null],
    ]),
  ).toEqual(['Downloading: 0 MiB\n', 'Downloading: 16 MiB\n'])
})

test('counted work gets a plain line for each tenth, and none when it is little', () => {
  const lines: string[] = []
  const print = countPrinter('Decoding', { write: (text) => lines.push(text) })
  for (let done = 1; done <= 2000; done++) print(done, 2000)
  expect(lines).toHaveLength(11)
  expect(lines[1]).toBe('Decoding: 10 % of 2,000\n')
  for (let done = 1; done < 200; done++) print(done, 199)
  expect(lines).toHaveLength(11)
})
