// What is new in a notebook's folders, as people see it and train on it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { pngOf } from '../agent/src/plots/png.ts'
import type { FakeAgent } from '../store-server/src/testing/fakeAgent.ts'
import { becomes, useScene } from './scene.ts'
import { train } from './stage.ts'

// Without changes for so long, a store trains by itself; else that is a minute.
const scene = useScene({ times: { quietMs: 1_000 } })

const textIn = async (page: Page, id: string): Promise<string> =>
  ((await page.getByTestId(id).first().textContent()) ?? '').replaceAll('\u00a0', ' ')
const newsBecome = (page: Page, text: string) => becomes(() => textIn(page, 'news'), text)
const jobCount = async (): Promise<number> =>
  (await scene.stage.api<{ items: unknown[] }>('GET', '/api/jobs')).items.length

/** A folder of pictures in two classes, and a process whose notebook watches it. */
async function startNotebook() {
  const { store, folder: root } = scene.stage
  const folder = join(root, 'pictures')
  const put = async (className: string, first: number, count: number): Promise<void> => {
    await mkdir(join(folder, className), { recursive: true })
    for (let n = first; n < first + count; n++) {
      const pixels = Uint8Array.from({ length: 192 }, (_, i) => (n * 37 + (i % 3) * 90) & 255)
      await writeFile(join(folder, className, `${n}.png`), pngOf(pixels, 8, 8, 3))
    }
  }
  await put('cat', 0, 12)
  await put('dog', 100, 12)
  const child = spawn(process.execPath, [join(import.meta.dirname, 'newDataAgent.mjs'), folder], {
    env: {
      ...process.env,
      PAWPRINT_STORE: store.url.replace('http', 'ws'),
      PAWPRINT_TOKEN: store.agentToken,
      XDG_CACHE_HOME: join(root, 'cache'),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { folder, put }
}

test('a real notebook: pictures are put into its folder, the page counts them, and a click, by two at once, trains on them', async () => {
  const { folder, put } = await startNotebook()
  const { page, problems } = await scene.open()
  await page.getByTestId('new-data').waitFor()
  await newsBecome(page, '24 images, none trained on yet.')
  await page.getByTestId('launch').click()
  await newsBecome(page, 'No new images since the last training.')
  await page.locator('[data-testid="job-1"][data-state="done"]').waitFor()
  expect(await page.getByTestId('train-new').isDisabled()).toBe(true)

  await put('cat', 20, 3)
  await newsBecome(page, '3 new images since the last training.')
  expect(await textIn(page, 'card-news')).toBe('3 new images since the last training.')
  const { page: other } = await scene.open()
  await newsBecome(other, '3 new images since the last training.')
  // Not Playwright's click: it would wait for the button of the second page, which the first one's job disables.
  await Promise.all(
    [page, other].map((one) => one.getByTestId('train-new').evaluate((button: HTMLElement) => button.click())),
  )
  // That it trains is shown for as long as it does, here for less than a page may take to say so.
  for (const one of [page, other]) await one.locator('[data-testid="job-2"][data-state="done"]').waitFor()
  expect(await textIn(page, 'why')).toBe(
    'On new data, asked for by a person (3 new images since the last training); with the values of job 1; begins with fresh weights.',
  )
  await newsBecome(page, 'No new images since the last training.')
  expect(await jobCount()).toBe(2)

  await rename(folder, `${folder}-away`)
  await becomes(
    async () => (await textIn(page, 'news')).replace(folder, 'FOLDER'),
    'Its folders cannot be trained on. FOLDER: expected a folder, got nothing there',
  )
  expect(await page.getByTestId('train-new').isDisabled()).toBe(true)
  expect(problems).toEqual([])
})

const say = (agent: FakeAgent, data: string, added: number, over: object = {}) =>
  agent.send({
    type: 'data',
    found: {
      data: data.repeat(64),
      since: 'a'.repeat(64),
      images: 40 + added,
      leftOut: 2,
      changes: { added, changed: 1, removed: 0 },
      ...over,
    },
  })

/** A notebook that was trained once, and whose folders have 12 images more since. */
async function joinTrained(): Promise<{ agent: FakeAgent; sha1: string }> {
  const agent = await scene.stage.join('pets')
  say(agent, 'a', 0, { since: null, changes: null })
  const sha1 = await train(scene.stage, agent, 'pets', 0.4, { data: 'a'.repeat(64) })
  say(agent, 'b', 12)
  return { agent, sha1 }
}

describe('the card of new data', () => {
  test('begins with the model that was chosen, is off while its job runs, and is only looked at by viewers', async () => {
    const { agent, sha1 } = await joinTrained()
    const { page, problems } = await scene.open()
    await newsBecome(page, '12 new images, 1 changed since the last training. 2 files cannot be read as pictures.')
    await page.getByTestId('begin').selectOption('deployed')
    await page.getByTestId('train-new').click()
    expect((await agent.next('run')).newData).toEqual({ initialWeights: sha1 })
    await becomes(() => textIn(page, 'at-it'), 'Job 2 trains on new data.')
    expect(await page.getByTestId('train-new').isDisabled()).toBe(true)

    const { page: viewer } = await scene.open(`${scene.stage.store.url}/?token=${scene.stage.store.viewerToken}`)
    await newsBecome(viewer, '12 new images, 1 changed since the last training. 2 files cannot be read as pictures.')
    expect(await textIn(viewer, 'automatic-state')).toBe('Off: nothing is trained by itself.')
    for (const id of ['train-new', 'automatic', 'begin', 'at-least'])
      expect(await viewer.getByTestId(id).count()).toBe(0)
    expect(problems).toEqual([])
  })

  test('has a switch that the store keeps: both pages show it, a number that is none is not sent, what is due is trained by itself and says why, and a cut notebook is waited for', async () => {
    const { agent, sha1 } = await joinTrained()
    const { page, problems } = await scene.open()
    const { page: other } = await scene.open()
    await page.getByTestId('automatic').waitFor()
    expect(await textIn(page, 'automatic-state')).toMatch(/^Off/)
    await page.getByTestId('at-least').fill('25')
    await page.getByTestId('automatic').check()
    const on = 'On. Trains once 25 new images are there and nothing has changed for a minute.'
    for (const one of [page, other]) await becomes(() => textIn(one, 'automatic-state'), on)
    expect(await other.getByTestId('automatic').isChecked()).toBe(true)
    await other.getByTestId('automatic-begin').selectOption('deployed')
    const kept = async () =>
      (await scene.stage.api<{ newData: { automatic: unknown } }>('GET', '/api/notebooks/pets')).newData.automatic
    await becomes(kept, { atLeast: 25, warmStart: true })
    await page.getByTestId('at-least').fill('0')
    await page.getByTestId('at-least').blur()
    await becomes(() => textIn(page, 'automatic-state'), 'A whole number from 1 to 1,000,000 is needed.')
    expect(await kept()).toEqual({ atLeast: 25, warmStart: true })

    await page.getByTestId('at-least').fill('13')
    await page.getByTestId('at-least').blur()
    expect((await agent.next('run')).newData).toEqual({ initialWeights: sha1 })
    for (const one of [page, other]) await becomes(() => textIn(one, 'at-it'), 'Job 2 trains on new data.')
    for (const one of [page, other])
      await becomes(
        () => textIn(one, 'why'),
        `On new data, by itself, as switched on: 12 new images, 1 changed since the last training, where 13 or more are waited for, and nothing changed for 1 s; with the values of job 1; begins with the weights of ${sha1.slice(0, 7)}.`,
      )
    await agent.cut()
    await becomes(() => textIn(other, 'automatic-state'), 'On. Waits until the notebook is back.')
    await other.getByTestId('automatic').uncheck()
    await becomes(kept, null)
    expect(problems).toEqual([])
  })
})
