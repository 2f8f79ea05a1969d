// The store's page by keyboard alone, and its older jobs.
import { describe, expect, test } from 'vitest'
import { hasFocus, pressOn, tabTo } from './keyboard.ts'
import { becomes, useScene } from './scene.ts'
import { launch, train } from './stage.ts'

const scene = useScene()

describe('by keyboard alone', () => {
  test('a token is replaced: who is cut off is said before, the new one is shown once and lets others in', async () => {
    const { page, problems } = await scene.open()
    const old = `${scene.stage.store.url}/?token=${scene.stage.store.viewerToken}`
    const { page: viewer } = await scene.open(old)
    await viewer.getByTestId('viewer').waitFor()
    await viewer.getByRole('button', { name: 'Settings' }).click()
    expect(await viewer.getByTestId('replace-token').count()).toBe(0)

    await pressOn(page, page.getByRole('button', { name: 'Settings' }))
    await pressOn(page, page.getByTestId('replace-token'))
    const dialog = page.getByRole('alertdialog', { name: 'Replace a token' })
    await becomes(() => hasFocus(dialog.getByRole('button', { name: 'Keep the token' })), true)
    await tabTo(page, page.getByTestId('scope-viewer'), 'Shift+Tab')
    expect(await page.getByTestId('token-warning').textContent()).toContain('Everyone who looks at this page')
    await page.keyboard.press('ArrowDown')
    expect(await page.getByTestId('token-warning').textContent()).toContain('Every notebook is cut off')
    await page.keyboard.press('ArrowUp')
    await pressOn(page, page.getByTestId('token-confirm'))
    const link = (await page.getByTestId('token-made').textContent()) ?? ''
    expect(link).toBe(`${scene.stage.store.url}/?token=${scene.stage.store.viewerToken}`)
    expect(link).not.toBe(old)
    await viewer.getByTestId('connection').and(viewer.locator('[data-status=unauthorized]')).waitFor()
    const { page: again } = await scene.open(link)
    await again.getByTestId('viewer').waitFor()
    await pressOn(page, page.getByRole('button', { name: 'Done' }))
    await becomes(() => hasFocus(page.getByTestId('replace-token')), true)
    expect(await page.getByTestId('token-made').count()).toBe(0)
    expect(problems).toEqual([])
  })

  test('an operator’s own token is replaced, and this browser stays signed in', async () => {
    const { page } = await scene.open()
    await pressOn(page, page.getByRole('button', { name: 'Settings' }))
    await pressOn(page, page.getByTestId('replace-token'))
    await tabTo(page, page.getByTestId('scope-viewer'), 'Shift+Tab')
    await page.keyboard.press('ArrowUp')
    expect(await page.getByTestId('token-warning').textContent()).toContain('This browser stays signed in')
    await pressOn(page, page.getByTestId('token-confirm'))
    await page.getByRole('heading', { name: 'The token was replaced' }).waitFor()
    expect(await page.getByTestId('token-made').count()).toBe(0)
    await pressOn(page, page.getByRole('button', { name: 'Done' }))
    await page.reload()
    await page.getByTestId('connection').and(page.locator('[data-status=connected]')).waitFor()
    expect(scene.stage.link).not.toContain(scene.stage.store.token)
  })

  test('a job is launched, the queue sorted, the job stopped', async () => {
    const agent = await scene.stage.join('pets')
    const { page, problems } = await scene.open()
    await tabTo(page, page.getByTestId('field-EPOCHS'))
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+Enter')
    await agent.next('run')
    await pressOn(page, page.getByTestId('launch'))
    await page.getByTestId('queued-2').waitFor()
    await pressOn(page, page.getByTestId('launch'))
    await page.getByTestId('queued-3').waitFor()

    const queue = () => page.locator('.queue b').allTextContents()
    const up = page.getByTestId('queued-3').getByRole('button', { name: 'Move job 3 up' })
    await pressOn(page, up)
    await becomes(queue, ['Job 3', 'Job 2'])
    await becomes(() => hasFocus(up), true)
    await page.keyboard.press('ArrowDown')
    await becomes(queue, ['Job 2', 'Job 3'])
    await becomes(() => hasFocus(page.getByTestId('queued-3').getByRole('button')), true)

    await pressOn(page, page.getByTestId('stop'))
    await agent.next('stop')
    expect(problems).toEqual([])
  })

  test('models are looked at, deployed, rolled back, and the store is cleared; focus returns to where it was', async () => {
    const agent = await scene.stage.join('pets')
    const high = await train(scene.stage, agent, 'pets', 0.5)
    const low = await train(scene.stage, agent, 'pets', 0.4)
    const { page, problems } = await scene.open()
    const current = async () =>
      (await scene.stage.api<{ current: { sha1: string } | null }>('GET', '/api/tasks/pets')).current?.sha1 ?? null

    const link = page.getByTestId(`model-${low}`).getByRole('link')
    await pressOn(page, link)
    const drawer = page.getByRole('dialog')
    await drawer.waitFor()
    await becomes(() => hasFocus(drawer.locator('*').or(drawer)), true)
    // Once around: the focus stays inside, or in the browser's own bar.
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press('Tab')
      expect(await page.evaluate(() => document.activeElement?.closest('main') === null)).toBe(true)
    }
    await page.keyboard.press('Escape')
    await becomes(() => drawer.count(), 0)
    await becomes(() => hasFocus(link), true)

    await pressOn(page, page.getByTestId(`model-${low}`).getByRole('button', { name: 'Deploy' }))
    await becomes(current, low)
    await pressOn(page, page.getByRole('button', { name: 'Roll back to this' }))
    await becomes(current, high)

    await pressOn(page, page.getByTestId('clear'))
    await becomes(() => hasFocus(page.getByRole('button', { name: 'Keep everything' })), true)
    await tabTo(page, page.getByTestId('clear-word'), 'Shift+Tab')
    await page.keyboard.type('clear')
    await page.keyboard.press('Enter')
    await becomes(() => page.getByRole('alertdialog').count(), 0)
    await page.getByTestId('no-model').waitFor()
    expect(await current()).toBeNull()
    expect(problems).toEqual([])
  })
})

test('older jobs are shown when they are asked for, with their models', async () => {
  const agent = await scene.stage.join('pets')
  const oldest = await train(scene.stage, agent, 'pets', 0.5)
  // One job runs and is never done, so that all others wait, and end when they are taken out.
  await launch(scene.stage, 'pets')
  const ids = await Promise.all(Array.from({ length: 52 }, () => launch(scene.stage, 'pets')))
  await Promise.all(ids.map((id) => scene.stage.api('POST', `/api/jobs/${id}/stop`)))
  const { page, problems } = await scene.open()
  await page.getByTestId('models-job-54').waitFor()
  expect(await page.getByTestId('models-job-1').count()).toBe(0)
  expect(await page.getByTestId('older').textContent()).toContain('4\u00a0older jobs')
  await page.getByTestId('load-older').click()
  await page.getByTestId(`model-${oldest}`).waitFor()
  expect(await page.locator('[data-testid^=models-job-]').count()).toBe(54)
  expect(await page.getByTestId('older').count()).toBe(0)
  expect(problems).toEqual([])
})
