// The store's page by keyboard alone, and its older jobs.
import type { Artifact, ModelReport } from '@pawprint/protocol'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { refOf, reportOf, upload, weightsOf } from '../store-server/src/testing/fakeAgent.ts'
import { wholeDataReport } from './data.ts'
import { thumbnailsOf, uploadSheet, wholeEvaluation } from './evaluation.ts'
import { becomes, useScene } from './scene.ts'
import { deliver, launch, TASK, train } from './stage.ts'

const scene = useScene()

const hasFocus = (target: Locator) =>
  target.evaluateAll((elements) => elements.includes(document.activeElement as HTMLElement))

/** Presses Tab until the target has the focus. More presses than the page has stops: it cannot be reached. */
async function tabTo(page: Page, target: Locator, key = 'Tab'): Promise<void> {
  await target.first().waitFor()
  for (let presses = 0; presses < 150; presses++) {
    if (await hasFocus(target)) return
    await page.keyboard.press(key)
  }
  throw new Error(`${key} never reaches ${target}`)
}
async function pressOn(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target)
  // While an answer is awaited a button keeps the focus, and takes no second press.
  await becomes(() => target.first().isEnabled(), true)
  await page.keyboard.press('Enter')
}

describe('by keyboard alone', () => {
  test('a model’s evaluation is read: what it misses, classes sorted, a curve chosen; or pointed at', async () => {
    const requirements = [{ metric: 'recall', className: 'owl', min: 0.75 }]
    const agent = await scene.stage.join('pets', { task: { ...TASK, requirements } })
    await launch(scene.stage, 'pets')
    const evaluation = wholeEvaluation(TASK.classNames.length)
    const sha1 = await deliver(scene.stage, agent, await agent.next('run'), 0.47, { evaluation })
    const { page, problems } = await scene.open(`${scene.stage.link}#model/${sha1}`)
    const drawer = page.getByRole('dialog')
    await drawer.getByText('Not deployed: recall of owl is 0.70, the task asks for at least 0.75').waitFor()
    await drawer
      .locator('.facts')
      .getByText(/47\.0\s%\s±\s2\.0/)
      .waitFor()

    const names = () => drawer.locator('.classes tbody th').allTextContents()
    await becomes(names, ['cat', 'dog', 'owl'])
    await pressOn(page, drawer.getByRole('button', { name: 'Recall' }))
    await page.keyboard.press('Enter')
    await becomes(names, ['owl', 'dog', 'cat'])
    expect(await drawer.locator('td.missed').allTextContents()).toEqual([expect.stringContaining('70')])

    const roc = drawer.getByTestId('roc')
    const said = () => roc.getByRole('img').getAttribute('aria-label')
    expect(await said()).toContain('owl has an AUC of 0.750')
    await tabTo(page, roc.getByRole('combobox'))
    await page.keyboard.press('ArrowDown')
    await becomes(said, 'ROC curves of 3 classes. dog has an AUC of 0.850.')
    const box = await roc.getByRole('img').boundingBox()
    if (box === null) throw new Error('no curves')
    // On the way up of the first curve, at the left edge.
    await page.mouse.move(box.x + 1, box.y + box.height / 2)
    await becomes(said, 'ROC curves of 3 classes. cat has an AUC of 0.950.')
    expect(problems).toEqual([])
  })

  test('a model that was measured on two test sets lists both, the one of its trial first', async () => {
    const agent = await scene.stage.join('pets')
    const evaluation = wholeEvaluation(TASK.classNames.length)
    await launch(scene.stage, 'pets')
    const sha1 = await deliver(scene.stage, agent, await agent.next('run'), 0.47, { evaluation })
    await launch(scene.stage, 'pets')
    const run = await agent.next('run')
    const made = await upload(scene.stage.store, weightsOf(0.5))
    const model = { ...reportOf(made, 0.3, 'b'.repeat(64)), classNames: TASK.classNames, evaluation: null }
    const measured = { sha1, metrics: { testAccuracy: 0.25 }, intervals: { testAccuracy: [0.2, 0.3] } }
    agent.send({ type: 'done', id: 'anew', ...refOf(run), model, seconds: 1, reevaluations: [measured] })
    await agent.next('verdict', (verdict) => verdict.sha1 === made)
    const { page, problems } = await scene.open(`${scene.stage.link}#model/${sha1}`)
    const rows = page.getByTestId('test-sets').locator('tbody tr')
    await becomes(() => rows.count(), 2)
    expect(await rows.allInnerTexts()).toEqual([
      expect.stringMatching(/^aaaaaaa\s+10\s.*by its trial\s+47\.0\s%\s±\s2\.0$/),
      expect.stringMatching(/^bbbbbbb\s+10\s.*anew\s+25\.0\s%\s±\s5\.0$/),
    ])
    expect(problems).toEqual([])
  })

  test('the pictures of a cell of the confusion are shown, and hidden again; a sheet that is none is said so', async () => {
    const agent = await scene.stage.join('pets')
    const { confusion = [], ...whole } = wholeEvaluation(TASK.classNames.length)
    const thumbnails = thumbnailsOf(confusion, { was: 2, said: 0 })
    const evaluation = { ...whole, confusion, thumbnails }
    const count = thumbnails.cells.reduce((sum, cell) => sum + cell.count, 0)
    const made = async (artifacts: Artifact[], over: Partial<ModelReport> = { evaluation }) => {
      await launch(scene.stage, 'pets')
      return deliver(scene.stage, agent, await agent.next('run'), 0.5, { ...over, artifacts })
    }
    const sha1 = await made([await uploadSheet(scene.stage.store, count)])
    const { page, problems } = await scene.open(`${scene.stage.link}#model/${sha1}`)
    const drawer = page.getByRole('dialog')
    const cell = (name: string) => drawer.locator('.matrix').getByRole('button', { name })
    await pressOn(page, cell('cat named cat: 20'))
    const shown = drawer.getByTestId('thumbnails').getByRole('img')
    await becomes(() => shown.count(), 10)
    expect(await drawer.getByTestId('thumbnails').textContent()).toContain('the 10 that the model was surest of')
    // One to the right, one down: dogs that were named dogs.
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await becomes(() => shown.first().getAttribute('aria-label'), 'dog named dog, 99\u00a0% sure')
    // Two cats before them in the sheet, 10 + 1 + 1 pictures, and one dog named cat: the 14th of eight columns, 56 px each.
    expect(await shown.first().evaluate((element) => getComputedStyle(element).backgroundPosition)).toBe('-280px -56px')
    await page.keyboard.press('Enter')
    await becomes(() => shown.count(), 0)
    await cell('owl named cat: 1').click()
    await drawer.getByText('No picture of these was kept.').waitFor()
    expect(await drawer.getByTestId('downloads').textContent()).not.toContain('webp')

    // Nothing of the third model is what its report says: a sheet of one square.
    const wrong = await made([await uploadSheet(scene.stage.store, 1)])
    const none = await made([])
    for (const [model, problem] of [
      [wrong, `it has 256 × 32 pixels, not 256 × ${Math.ceil(count / 8) * 32}`],
      [none, 'the model has no such file'],
    ]) {
      await page.goto(`${scene.stage.store.url}/#model/${model}`)
      await cell('cat named cat: 20').click()
      await drawer.getByText(`The pictures cannot be shown: ${problem}.`).waitFor()
    }

    // Of many classes there is no matrix; any two are chosen by name.
    const classNames = Array.from({ length: 14 }, (_, i) => `class ${i}`)
    const large = { confusion: classNames.map((_, i) => classNames.map((_, j) => Number(i === j || j === 3))) }
    const cells = thumbnailsOf(large.confusion, { was: 0, said: 0 })
    const many = { classNames, evaluation: { ...large, thumbnails: cells } }
    const sheet = await uploadSheet(scene.stage.store, cells.cells.length)
    await page.goto(`${scene.stage.store.url}/#model/${await made([sheet], many)}`)
    await drawer.getByLabel('What the pictures were').selectOption('class 9')
    await becomes(() => shown.first().getAttribute('aria-label'), 'class 9 named class 3, 99\u00a0% sure')
    await drawer.getByLabel('What the model said').selectOption('class 9 · 1')
    await becomes(() => shown.first().getAttribute('aria-label'), 'class 9 named class 9, 99\u00a0% sure')
    expect(problems).toEqual([])
  })

  test('the data are looked at before a launch; what they miss stops the job, and says what helps', async () => {
    const data = wholeDataReport(TASK.classNames, 'cat/1.png')
    const agent = await scene.stage.join('pets', { data })
    const { page, problems } = await scene.open()
    await pressOn(page, page.getByTestId('data-pets'))
    const drawer = page.getByRole('dialog', { name: 'Data of pets' })
    await drawer.getByText('Other equal pictures').waitFor()
    // 4,000 and 400 of the first class, none to test; 700 and 70 fewer of each that follows.
    expect(await drawer.locator('.balance tbody tr').allInnerTexts()).toEqual([
      expect.stringMatching(/^cat\s+4,000\s+400\s+0$/),
      expect.stringMatching(/^dog\s+3,300\s+330\s+1,000$/),
      expect.stringMatching(/^owl\s+2,600\s+260\s+1,000$/),
    ])
    await page.keyboard.press('Escape')
    await becomes(() => drawer.count(), 0)
    await becomes(() => hasFocus(page.getByTestId('data-pets')), true)
    await page.getByTestId('violations').getByText('Add pictures. cat/1.png').waitFor()
    await pressOn(page, page.getByTestId('launch'))
    const run = await agent.next('run')
    agent.send({ type: 'cancelled', id: 'data', ...refOf(run), reason: 'not as expected' })
    const job = page.getByTestId('job-1').and(page.locator('[data-state=cancelled]'))
    await job.getByTestId('violations').waitFor()
    // Mended: the notebook no longer says so, and the job still has what it was stopped for.
    await agent.join('pets', { data: { ...data, violations: [] } })
    await becomes(() => page.getByTestId('violations').count(), 1)
    await pressOn(page, job.getByTestId('job-data'))
    await page.getByRole('dialog', { name: 'Data of job 1' }).getByText('Add pictures. cat/1.png').waitFor()
    expect(problems).toEqual([])
  })

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
