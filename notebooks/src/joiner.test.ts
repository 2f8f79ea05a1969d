import { createRequire } from 'node:module'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

interface Joiner {
  write(stream: string, text: string): void
  flush(): void
}
const { createJoiner } = createRequire(import.meta.url)('../kernel/joiner.cjs') as {
  createJoiner(send: (name: string, text: string) => void, nowMs: () => number): Joiner
}

let nowMs = 0
let sent: [string, string][] = []
const open = (): Joiner =>
  createJoiner(
    (...message) => sent.push(message),
    () => nowMs,
  )

beforeEach(() => {
  nowMs = 1000
  sent = []
  vi.useFakeTimers()
})
afterEach(() => void vi.useRealTimers())

test('the first text is sent at once, what follows soon is joined', () => {
  const joiner = open()
  for (const text of ['a\n', 'b\n', 'c\n']) joiner.write('stdout', text)
  expect(sent).toEqual([['stdout', 'a\n']])
  vi.advanceTimersByTime(50)
  expect(sent).toEqual([
    ['stdout', 'a\n'],
    ['stdout', 'b\nc\n'],
  ])
})

test('code that never awaits still shows what it says, at most each 50 ms', () => {
  const joiner = open()
  for (let i = 0; i < 100; i++) {
    nowMs = 1000 + i * 10
    joiner.write('stdout', `${i} `)
  }
  expect(sent).toHaveLength(20)
  expect(sent.map(([, text]) => text).slice(0, 2)).toEqual(['0 ', '1 2 3 4 5 '])
})

test('the streams keep their order', () => {
  const joiner = open()
  joiner.write('stdout', '1')
  joiner.write('stdout', '2')
  joiner.write('stderr', '3')
  joiner.write('stdout', '4')
  joiner.flush()
  expect(sent).toEqual([
    ['stdout', '1'],
    ['stdout', '2'],
    ['stderr', '3'],
    ['stdout', '4'],
  ])
})

test('20,000 lines are few messages, none much above 64 K, and all there', () => {
  const joiner = open()
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`)
  for (const line of lines) joiner.write('stdout', line)
  joiner.flush()
  expect(sent.map(([, text]) => text).join('')).toBe(lines.join(''))
  expect(sent.length).toBeLessThan(10)
  expect(Math.max(...sent.map(([, text]) => text.length))).toBeLessThan(65_536 + 20)
})

test('a flush of nothing sends nothing', () => {
  open().flush()
  expect(sent).toEqual([])
})
