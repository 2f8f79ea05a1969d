import { expect, test } from 'vitest'
import { createTurnstile } from './turnstile.ts'

/** Work that ends when told to. */
function job() {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { ended, end }
}

test('so many run at once, the next wait in order, and one more is refused at once', async () => {
  const turnstile = createTurnstile(2, 2)
  const jobs = [job(), job(), job(), job()]
  const began: number[] = []
  const all = jobs.map(({ ended }, i) =>
    turnstile.pass(async () => {
      began.push(i)
      await ended
      return i
    }),
  )
  expect(began).toEqual([0, 1])
  await expect(turnstile.pass(async () => 9)).rejects.toMatchObject({ code: 'E_BUSY' })
  jobs[1]?.end()
  await all[1]
  expect(began).toEqual([0, 1, 2])
  for (const { end } of jobs) end()
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3])
})

test('work that fails gives its place away, too', async () => {
  const turnstile = createTurnstile(1, 1)
  const failing = turnstile.pass(() => Promise.reject(new Error('broken')))
  const next = turnstile.pass(async () => 'done')
  await expect(failing).rejects.toThrow('broken')
  expect(await next).toBe('done')
  expect(await turnstile.pass(async () => 'again')).toBe('again')
})
