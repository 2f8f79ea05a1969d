import { type StepReport, sgd } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { someImages } from './testing/models.ts'
import { fitAll, small, trainerOf } from './testing/trainers.ts'

test('reports have the loss of every step once, also of those before the one that breaks', async () => {
  const model = small()
  const data = someImages(model, 400, 1)
  const losses: number[] = []
  const onStep = (report: StepReport): void => void losses.push(...report.losses)
  const trainer = await trainerOf(model)
  const [epoch] = await fitAll(trainer, data, { epochs: 1, batchSize: 10, onStep })
  expect(losses).toHaveLength(40)
  expect(losses.reduce((sum, loss) => sum + loss / 40, 0)).toBeCloseTo(epoch?.loss ?? Number.NaN, 5)
  losses.length = 0
  const blown = await trainerOf(model, { optimizer: sgd(1e30) })
  const fit = fitAll(blown, data, { epochs: 1, batchSize: 10, onStep })
  const { at } = await fit.then(
    () => ({ at: 'an end' }),
    (error: { at: string }) => error,
  )
  expect(at).toBe(`epoch 1, step ${losses.length + 1}`)
  expect(losses.length).toBeGreaterThan(0)
})
