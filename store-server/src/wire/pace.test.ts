import { CLOSE } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { createPace } from './pace.ts'

const MIB = 1024 * 1024

/** Asks once for each of these amounts of unsent bytes; the answers, and the codes that the page was closed with. */
function paceOf(firstBytes: number, ...unsent: number[]) {
  const closed: number[] = []
  let bytes = 0
  const socket = {
    send() {},
    close: (code: number) => void closed.push(code),
    bufferedBytes: () => bytes,
    pause() {},
    resume() {},
  }
  const isReady = createPace(socket, firstBytes)
  const answers = unsent.map((each) => {
    bytes = each
    return isReady()
  })
  return { answers, closed }
}

test('a page takes more up to 1 MiB unsent, waits above it, and is cut above 8 MiB', () => {
  expect(paceOf(0, 0, MIB, MIB + 1, 8 * MIB)).toEqual({ answers: [true, true, false, false], closed: [] })
  expect(paceOf(0, 8 * MIB + 1)).toEqual({ answers: [false], closed: [CLOSE.tooSlow] })
})

test('a snapshot larger than 8 MiB gets through; once it has, the page is cut like any other', () => {
  const snapshot = 20 * MIB
  expect(paceOf(snapshot, snapshot, 15 * MIB, 9 * MIB, MIB)).toEqual({
    answers: [false, false, false, true],
    closed: [],
  })
  expect(paceOf(snapshot, MIB, 9 * MIB).closed).toEqual([CLOSE.tooSlow])
  expect(paceOf(snapshot, snapshot + 8 * MIB + 1).closed).toEqual([CLOSE.tooSlow])
})
