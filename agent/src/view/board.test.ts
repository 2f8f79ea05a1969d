import { expect, test } from 'vitest'
import { type Board, boardLines, EMPTY_BOARD, updateBoard, type ViewEvent } from './board.ts'
import { NO_CURVES } from './curves.ts'
import { terminalSurface } from './places.ts'
import { boardScreen, chooseStyle, lineScreen } from './screen.ts'

const STARTED: ViewEvent = {
  type: 'started',
  key: 'a',
  jobNumber: 14,
  trials: 2,
  trial: 1,
  params: { EPOCHS: 3 },
  nowMs: 0,
}
const progress = (progress: number, nowMs: number): ViewEvent => ({
  type: 'progress',
  key: 'a',
  progress,
  numbers: { epoch: 1, epochs: 3, loss: 1.2034, accuracy: 0.561 },
  nowMs,
})
const VERDICT: ViewEvent = {
  type: 'verdict',
  trial: 1,
  sha1: `3f2a91c${'0'.repeat(33)}`,
  verdict: { deployed: true, reason: '43.6 % > 40.1 %' },
}
const lines = (...events: ViewEvent[]) => boardLines(events.reduce(updateBoard, EMPTY_BOARD), 'cifar10')

test('a board without trials waits', () => expect(lines()).toEqual(['cifar10: waiting for a job']))

test('a running trial has a bar, its numbers and the time that is left', () => {
  expect(lines(STARTED, progress(0.25, 4000))).toEqual([
    'cifar10: job 14, 2 trials',
    'trial 2  █████░░░░░░░░░░░░░░░  25 %  epoch 1 of 3  loss 1.203  accuracy 56.1 %  12 s left',
    'job 14, trial 2 of 2: EPOCHS 3',
  ])
})

test('an ended trial leaves its line and its verdict; progress that comes after is ignored', () => {
  expect(lines(STARTED, { type: 'ended', key: 'a', text: 'trial 2: done' }, VERDICT, progress(1, 9))).toEqual([
    'cifar10: waiting for a job',
    'job 14, trial 2 of 2: EPOCHS 3',
    'trial 2: done',
    'trial 2: 3f2a91c deployed: 43.6 % > 40.1 %',
  ])
})

test('only the last lines of history stay', () => {
  const many = Array.from({ length: 50 }, (_, i): ViewEvent => ({ type: 'notice', text: `${i}` }))
  expect(lines(...many)).toHaveLength(13)
  expect(lines(...many).at(-1)).toBe('49')
})

test('a screen that takes over begins with what the one before showed', () => {
  const drawn: (readonly string[])[] = []
  const surface = { draw: (lines: readonly string[]) => drawn.push(lines) }
  const open = (board: Board) => boardScreen(surface, { heading: () => 'cifar10', everyMs: 1, board })
  const first = open(EMPTY_BOARD)
  first.show(STARTED)
  first.show(progress(0.25, 4000))
  open(first.close())
  expect(drawn.at(-1)).toEqual(lines(STARTED, progress(0.25, 4000)))
  expect(drawn.at(-1)).toHaveLength(3)
})

test('as lines, progress comes at most every two seconds', () => {
  const printed: string[] = []
  const screen = lineScreen((line) => printed.push(line), { heading: () => '', everyMs: 2000, board: EMPTY_BOARD })
  screen.show(STARTED)
  for (let ms = 100; ms <= 4000; ms += 100) screen.show(progress(ms / 10_000, ms))
  expect(printed.map((line) => line.slice(0, 7))).toEqual(['job 14,', 'trial 2', 'trial 2'])
})

test.each([
  [undefined, undefined, true, false, 'display'],
  [undefined, undefined, false, true, 'terminal'],
  [undefined, undefined, false, false, 'lines'],
  [undefined, 'lines', true, true, 'lines'],
  ['terminal', 'lines', true, true, 'terminal'],
  ['display', undefined, false, false, 'lines'],
  [undefined, 'nonsense', false, true, 'terminal'],
] as const)('asked %s, environment %s, display %s, terminal %s: %s', (asked, env, hasDisplay, isTerminal, style) => {
  expect(chooseStyle(asked, env, { hasDisplay, isTerminal })).toBe(style)
})

test('a terminal is rewritten in place, no line wider than it', () => {
  let written = ''
  const write = (text: unknown): boolean => {
    written += text
    return true
  }
  const surface = terminalSurface({ columns: 24, write })
  surface.draw(['one', 'x'.repeat(100)], NO_CURVES)
  surface.draw(['two'], NO_CURVES)
  expect(written).toBe(`one\n${'x'.repeat(23)}\n\u001b[2F\u001b[Jtwo\n`)
})
