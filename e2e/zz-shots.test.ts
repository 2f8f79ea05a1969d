import { mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { launchBrowser, openPage } from './browser.ts'
import { deliver, launch, openStage, sendLines, sendPoints } from './stage.ts'

test('shots', { timeout: 100000 }, async () => {
  mkdirSync('/tmp/shots', { recursive: true })
  const stage = await openStage()
  const agent = await stage.join('cifar10')
  await (await stage.join('pet-breeds-2')).cut()
  await launch(stage, 'cifar10')
  await deliver(stage, agent, await agent.next('run'), 0.401)
  await launch(stage, 'cifar10', {
    LEARNING_RATE: [0.0005, 0.001, 0.002],
    NUM_FILTERS: [16, 32],
    KERNEL_SIZE: process.env.K3 ? [3, 5] : [3],
  })
  await deliver(stage, agent, await agent.next('run'), 0.38)
  await deliver(stage, agent, await agent.next('run'), 0.47)
  const run = await agent.next('run')
  await sendLines(agent, run, 1, 60)
  await sendPoints(agent, run, 61, 40)
  await launch(stage, 'cifar10', { EPOCHS: 2 })
  await launch(stage, 'cifar10', { LEARNING_RATE: [0.1, 0.2, 0.3] })
  await stage.api('POST', '/api/notebooks/cifar10/config', {
    LEARNING_RATE: [0.0005, 0.001, 0.002],
    NUM_FILTERS: [16, 32],
  })
  await stage.api('POST', '/api/notebooks/cifar10/config', { LEARNING_RATE: [0.003], EPOCHS: 2, DENSE_WIDTH: [64] })
  const browser = await launchBrowser()
  const { page } = await openPage(browser, stage.link)
  await page.getByTestId('launch').waitFor()
  await page.locator('.chart path').first().waitFor()
  const shot = (name: string) => page.screenshot({ path: `/tmp/shots/${name}.png` })
  await shot('store-1440-light')
  await page.getByTestId('field-NUM_FILTERS').fill('ten')
  await shot('store-1440-bad')
  await page.getByTestId('field-NUM_FILTERS').fill('16')
  await page.emulateMedia({ colorScheme: 'dark' })
  await shot('store-1440-dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1024, height: 900 })
  await shot('store-1024')
  await page.setViewportSize({ width: 390, height: 844 })
  await shot('store-390-job')
  await page.screenshot({ path: '/tmp/shots/store-390-job-full.png', fullPage: true })
  await page.getByRole('tab', { name: 'Models' }).or(page.locator('.tabs button').nth(2)).first().click()
  await page.screenshot({ path: '/tmp/shots/store-390-models.png', fullPage: true })
  await browser.close()
  await stage.close()
  expect(1).toBe(1)
})
