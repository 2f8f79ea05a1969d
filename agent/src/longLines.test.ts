import { expect, test } from 'vitest'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightNotebook, openTestAgent } from './testing/agents.ts'
import { launchUntil, logOf } from './testing/api.ts'

const MARK = '…'
const MAX_BYTES = 16 * 1024

test('a line of 10 MB is cut with a mark, and what stands beside it arrives whole', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  const long = [
    ['one byte each', 'x'],
    ['three bytes each', '€'],
    ['two units each', '\u{1f43e}'],
  ] as const
  await agent.register(
    brightNotebook(async (trial) => {
      trial.log('before')
      for (const [what, sign] of long) {
        trial.log(sign.repeat(10_000_000 / sign.length))
        trial.log(`behind ${what}`)
      }
    }),
  )
  agent.serve()
  const { id } = await launchUntil(store, { EPOCHS: 1 }, 'done')
  const lines = (await logOf(store, id)).map(({ text }) => text)
  const first = lines.indexOf('before')
  const said = lines.slice(first, first + 7)
  expect(said.filter((text) => text.length < 100)).toEqual(['before', ...long.map(([what]) => `behind ${what}`)])
  long.forEach(([, sign], i) => {
    const text = said[1 + 2 * i] ?? ''
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_BYTES)
    expect(Buffer.byteLength(text)).toBeGreaterThan(MAX_BYTES - 8)
    expect(text).toBe(sign.repeat((text.length - MARK.length) / sign.length) + MARK)
  })
})
