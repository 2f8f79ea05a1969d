import { expect, test } from 'vitest'
import { pageOf } from './list.ts'
import type { ApiRequest } from './route.ts'

const request = (query: string): ApiRequest => ({
  method: 'GET',
  params: {},
  query: new URLSearchParams(query),
  header: () => undefined,
  bytes: (async function* () {})(),
  address: '127.0.0.1',
})

function* below(before: number): Generator<number> {
  for (let number = Math.min(before - 1, 9); number >= 1; number--) yield number
}

/** The answer to a query over the numbers 9 to 1, of which `show` makes the items. */
async function listOf(query: string, show: (number: number) => unknown): Promise<unknown> {
  const answer = await pageOf(request(query), below, (number) => number, show)
  return 'jsonText' in answer ? JSON.parse(answer.jsonText) : answer
}

test.each([
  ['limit=3', { items: [9, 8, 7], next: '7' }],
  ['limit=3&after=7', { items: [6, 5, 4], next: '4' }],
  ['limit=3&after=4', { items: [3, 2, 1], next: null }],
  ['limit=1&after=1', { items: [], next: null }],
])('%s is a page whose cursor is its last number, and none at the end', async (query, page) => {
  expect(await listOf(query, (number) => number)).toEqual(page)
})

test('what is left out takes no room, and there is no next page when only such follows', async () => {
  const odd = (number: number) => (number % 2 === 1 ? number : undefined)
  expect(await listOf('limit=4', odd)).toEqual({ items: [9, 7, 5, 3], next: '3' })
  expect(await listOf('limit=4&after=8', (number) => (number > 2 ? odd(number) : undefined))).toEqual({
    items: [7, 5, 3],
    next: null,
  })
})

test('a list that takes long lets others have their turns', async () => {
  let turns = 0
  let isOver = false
  const turn = () => {
    turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await listOf('limit=9', (number) => {
    for (const startMs = performance.now(); performance.now() - startMs < 20; );
    return number
  })
  isOver = true
  expect(turns).toBeGreaterThanOrEqual(8)
})
