import { expect, test } from 'vitest'
import { createIdle, idleMsOf } from './idle.ts'

/** A clock that a test moves, and all that the countdown says. */
function createScene(kernelStays = false) {
  let nowMs = 1000
  let alarm: { readonly atMs: number; readonly run: () => void } | null = null
  let deliver: (() => void) | null = null
  const told: (number | null)[] = []
  const said: string[] = []
  let ends = 0
  const idle = createIdle({
    nowMs: () => nowMs,
    later(run, ms) {
      const mine = { atMs: nowMs + ms, run }
      alarm = mine
      return () => {
        if (alarm === mine) alarm = null
      }
    },
    settled: () => new Promise((resolve) => (deliver = resolve)),
    tell: (leftMs) => told.push(leftMs),
    say: (text) => said.push(text),
    kernelStays,
    onEnd: () => ends++,
  })
  return {
    idle,
    told,
    said,
    ends: () => ends,
    /** All that was left is delivered. */
    async delivered() {
      deliver?.()
      await Promise.resolve()
    },
    pass(ms: number) {
      nowMs += ms
      if (alarm === null || alarm.atMs > nowMs) return
      const { run } = alarm
      alarm = null
      run()
    },
  }
}

test('a round begins once all is delivered, and ends the agent when nothing came', async () => {
  const { idle, told, said, ends, delivered, pass } = createScene()
  idle.set(60_000)
  pass(100_000)
  expect([told, ends()]).toEqual([[], 0])
  await delivered()
  pass(59_999)
  idle.report()
  expect([told, ends()]).toEqual([[60_000, 1], 0])
  pass(1)
  expect(ends()).toBe(1)
  expect(said).toEqual(['says goodbye after 60 s without a trial', 'no trial for 60 s: goodbye'])
})

test('trials end the round; the next one begins when the last of them has ended and is delivered', async () => {
  const { idle, told, ends, delivered, pass } = createScene()
  idle.set(60_000)
  await delivered()
  pass(10_000)
  idle.hold()
  idle.hold()
  expect(told).toEqual([60_000, null])
  idle.release()
  await delivered()
  pass(100_000)
  idle.release()
  pass(100_000)
  expect([told, ends()]).toEqual([[60_000, null], 0])
  await delivered()
  expect(told).toEqual([60_000, null, 60_000])
  pass(60_000)
  expect(ends()).toBe(1)
})

test('a trial that came while results were delivered keeps the round from beginning', async () => {
  const { idle, told, ends, delivered, pass } = createScene()
  idle.set(60_000)
  idle.hold()
  await delivered()
  pass(100_000)
  expect([told, ends()]).toEqual([[], 0])
})

test('keep begins the round anew, and does nothing without one', async () => {
  const { idle, told, ends, delivered, pass } = createScene()
  idle.keep()
  idle.set(60_000)
  await delivered()
  pass(59_000)
  idle.keep()
  pass(59_000)
  expect([told, ends()]).toEqual([[60_000, 60_000], 0])
  pass(1000)
  expect(ends()).toBe(1)
})

test('serving again without the option ends the countdown for good', async () => {
  const { idle, told, ends, delivered, pass } = createScene()
  idle.set(60_000)
  await delivered()
  idle.set(null)
  await delivered()
  idle.report()
  pass(100_000)
  expect([told, ends()]).toEqual([[60_000, null], 0])
})

test('in a kernel that stays, the goodbye says how to go on', async () => {
  const { idle, said, delivered, pass } = createScene(true)
  idle.set(1_800_000)
  await delivered()
  pass(1_800_000)
  expect(said.at(-1)).toBe(
    'no trial for 30 min: goodbye. The kernel stays: run the cells from connect on to serve again',
  )
})

test('the option of serve wins over the variable, and both are checked by name', () => {
  expect(idleMsOf(undefined, undefined)).toBeNull()
  expect(idleMsOf('90s', '2h')).toBe(90_000)
  expect(idleMsOf(undefined, '2h')).toBe(7_200_000)
  expect(() => idleMsOf('30', undefined)).toThrow(/^exitAfterIdle: expected a duration .*"2h", got "30"$/)
  expect(() => idleMsOf(undefined, 'soon')).toThrow(/^PAWPRINT_EXIT_AFTER_IDLE: expected a duration .*got "soon"$/)
})
