// A reader walks the tutorial: its commands, files and words, in its order, on real servers, kernels and pages.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shortSha1 } from '@pawprint/protocol'
import type { Locator } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { outlines } from '../agent/src/datasets/drawn/shapeOutlines.ts'
import { dropFiles, readLog, stopClock } from './browser.ts'
import { finished, logOf } from './pawprint.ts'
import { useReader } from './reader.ts'
import { becomes } from './scene.ts'
import type { Terminal } from './terminal.ts'
import { commands, few, markdown } from './tutorial.ts'

const HEART = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240"><rect width="320" height="240" fill="#245"/>
  <path d="M160 210C70 140 60 105 60 80a48 48 0 0 1 100-8a48 48 0 0 1 100 8c0 25-10 60-100 130z" fill="#fc8"/></svg>`

const reader = useReader()
const { area, button, card, drop, field, launch, modelsOf, named, step, trials, word } = reader

let terminal: Terminal | undefined
/** Models of the reader's notebook: the one that is deployed by itself, and one that is no better. */
let [best, worse] = ['', '']

const shows = (one: Locator): Promise<void> => one.first().waitFor()
const press = (one: Locator): Promise<void> => one.first().click()
const hasValue = (key: string, text: string): Promise<void> => becomes(() => field(key).inputValue(), text)
const row = (sha1: string): Locator => named(area('Models').getByRole('row'), sha1)
const linkOf = (one: Locator): Locator => one.getByRole('link')
const shaOf = async (one: Locator): Promise<string> => (await linkOf(one).getAttribute('title')) ?? ''
const accuracyOf = async (one: Locator): Promise<number> =>
  Number.parseFloat((await one.locator('.acc b').textContent()) ?? '')
const demoHas = (sha1: string): Promise<void> => shows(reader.demo.getByText(shortSha1(sha1), { exact: true }))

describe('the tutorial', () => {
  step(1, async () => {
    expect(commands[0]).toBe('npm start')
    const { paw, demo } = reader
    for (const url of [paw.link, paw.demoUrl]) expect(paw.output()).toContain(url)
    for (const name of ['Notebooks', 'Job', 'Models'] as const) await shows(area(name))
    await shows(demo.getByRole('heading', { name: word('What is in your picture?') }))
    await shows(card('cifar10'))
    await becomes(() => trials(1).count(), 2)
    // The first job is done.
    await becomes(() => modelsOf(1).count(), 2)
    await shows(card('cifar10').getByText(word('Idle'), { exact: true }))
    await shows(demo.getByText('This model knows ten things'))
  })

  step(2, async () => {
    const [, command] = commands
    // Without this it saves what it prints into the notebook of the checkout.
    const out = `--out ${join(reader.folder, 'shapes.ipynb')}`
    terminal = reader.type(`${command} ${out}`)
    await terminal.meanwhile(shows(card('shapes')))
    await press(card('shapes').locator('label'))
    await shows(area('Job').getByRole('heading', { name: word('New job on shapes') }))

    const data = card('shapes').locator(`dt:text-is("${word('Data')}") + dd`)
    await press(data.getByRole('button'))
    const found = reader.store.getByRole('dialog', { name: 'Data of shapes' })
    const pictures = found.getByRole('table', { name: 'Pictures of each class' })
    await becomes(() => pictures.getByRole('rowheader').allTextContents(), Object.keys(outlines))
    for (const what of ['Other equal pictures', 'Broken pictures']) await shows(found.getByText(what))
    await reader.store.keyboard.press('Escape')
  })

  step(3, async () => {
    const { EPOCHS, LEARNING_RATE, NUM_FILTERS } = JSON.parse(few)
    const before = { EPOCHS: await field('EPOCHS').inputValue(), NUM_FILTERS: await field('NUM_FILTERS').inputValue() }
    const says = (text: string | RegExp): Promise<void> => shows(area('Job').getByText(text))
    const isTaken = async (): Promise<void> => {
      await says('few.json: 2\u00a0values changed, 3 stay')
      await says('ignored: FOO')
      await hasValue('EPOCHS', `${EPOCHS}`)
      await hasValue('NUM_FILTERS', `${NUM_FILTERS}`)
      await says(`${LEARNING_RATE.length * NUM_FILTERS.length}\u00a0trials =`)
    }
    await says('4\u00a0trials =')
    expect(markdown).toContain('`few.json`')
    await drop('#models', 'few.json', few)
    await isTaken()
    for (const text of Object.values(before)) await says(`${word('was')} ${text}`)
    await press(button(area('Job'), 'Undo'))
    for (const [key, text] of Object.entries(before)) await hasValue(key, text)
    await drop(`text=${word('Drop a config here')}`, 'few.json', few)
    await isTaken()

    const [, wrong = ''] = /A wrong value, as `(.*?)`/.exec(markdown) ?? []
    await drop('#models', 'wrong.json', `{ "BATCH_SIZE": 64, ${wrong} }`)
    await says(/^wrong\.json was refused\. EPOCHS: expected .*, got "ten"\. Nothing was changed\./)
    expect(await field('EPOCHS').inputValue()).toBe(`${EPOCHS}`)
    expect(await field('BATCH_SIZE').inputValue()).toBe('32')
    expect(await field('SEED').inputValue()).toBe('')
  })

  step(4, async () => {
    const { store, paw } = reader
    const { id, number } = await launch()
    await store.reload()
    const other = await reader.open(paw.link)
    expect((await finished(paw, id)).state).toBe('done')
    const log = (await logOf(paw, id)).map(({ seq }) => seq)
    for (const page of [store, other]) {
      await shows(area('Job', page).getByText('Done on shapes'))
      await becomes(() => trials(number, page).filter({ hasText: '%' }).count(), 2)
      for (const curve of ['Loss', 'Accuracy'])
        await shows(page.getByRole('img', { name: new RegExp(`^${curve} .* Trial 1 is at .* Trial 2 is at `) }))
      await becomes(async () => (await readLog(page)).map(({ seq }) => seq), log)
    }
    await other.context().close()

    // Long enough to be seen at work.
    await launch({ EPOCHS: '500' })
    await shows(card('shapes').getByText(word('Busy'), { exact: true }))
    const curve = () => store.getByRole('img', { name: /^Loss by step/ }).getAttribute('aria-label')
    const first = await curve()
    await expect.poll(curve).not.toBe(first)
    await press(button(area('Job'), 'Stop'))
    await shows(area('Job').getByText('Stopped', { exact: true }))
  })

  step(5, async () => {
    const { store, demo, folder } = reader
    await becomes(() => modelsOf(2).count(), 2)
    best = await shaOf(modelsOf(2).filter({ has: store.getByText('Deployed', { exact: true }) }))
    const accuracies = await Promise.all((await modelsOf(2).all()).map(accuracyOf))
    expect(await accuracyOf(row(best))).toBe(Math.max(...accuracies))
    await press(demo.getByRole('tab', { name: 'shapes', exact: true }))
    await demoHas(best)

    await press(linkOf(row(best)))
    const drawer = store.getByRole('dialog', { name: `Model ${shortSha1(best)}` })
    await shows(drawer.getByRole('heading', { name: /^Measures/ }))
    const matrix = drawer.getByRole('table', { name: word('Confusion matrix') })
    await becomes(() => matrix.getByRole('rowheader').allTextContents(), Object.keys(outlines))
    await press(matrix.getByRole('button', { name: / named .*: [1-9]/ }))
    await shows(drawer.getByRole('img', { name: / named .* sure$/ }))
    const weights = join(folder, 'weights')
    const coming = store.waitForEvent('download')
    await press(drawer.getByRole('link', { name: /safetensors/ }))
    await (await coming).saveAs(weights)
    const fingerprint = createHash('sha1').update(await readFile(weights))
    expect(fingerprint.digest('hex')).toBe(best)
    await store.keyboard.press('Escape')

    // So small a rate that the network stays as it was drawn.
    const { number } = await launch({ EPOCHS: '1', LEARNING_RATE: '0.0000001' })
    worse = await shaOf(modelsOf(number).filter({ hasText: /Not deployed:\s*[\d.]+\s%\s≤\s[\d.]+\s%/ }))
  })

  step(6, async () => {
    const heading = reader.store.getByRole('heading', { name: word('Deployment history') })
    const history = area('Models').getByRole('article').filter({ has: heading })
    const entry = (sha1: string): Locator => named(history.getByRole('listitem'), sha1)
    await press(button(row(worse), 'Deploy'))
    await demoHas(worse)
    await press(history.getByRole('group', { name: 'Task' }).getByRole('button', { name: 'shapes', exact: true }))
    await shows(entry(worse).getByText('Serving now'))
    await press(button(entry(best), 'Roll back to this'))
    await demoHas(best)
    await shows(row(worse).getByText(/^Rolled back/))

    // Whatever comes: here one that is far better.
    await press(button(row(worse), 'Deploy'))
    await press(button(row(worse), 'Pin'))
    await shows(row(worse).getByText('Deployed, pinned', { exact: true }))
    const { number } = await launch({ LEARNING_RATE: '0.003' })
    await shows(modelsOf(number).filter({ hasText: /Not deployed:\s*pinned/ }))
    await press(button(row(best), 'Deploy'))
    await demoHas(best)
  })

  step(7, async () => {
    const { demo, folder } = reader
    const picture = join(folder, 'heart.png')
    await sharp(Buffer.from(HEART)).toFile(picture)
    for (const name of ['Choose a file', 'Paste', 'Camera']) await shows(button(demo.locator('main'), name))
    // An answer stays for five seconds: here for as long as it is read.
    await stopClock(demo)
    await dropFiles(demo, 'text=Drop a picture here', [picture])
    const answer = demo.getByRole('region', { name: 'Prediction' })
    const phrase = `(${word('This looks like…')}|${word('Not sure. Perhaps…')})`
    await shows(answer.getByText(new RegExp(`^${phrase} an? \\w+ — \\d+\\s%$`)))
    expect(await answer.getByRole('listitem').count()).toBe(5)
    await press(button(answer, 'Keep this answer'))
    await demo.clock.runFor(60_000)
    expect(await answer.getByRole('listitem').count()).toBe(5)
  })

  test('in the end Ctrl-C makes the card say so; each word was read on a page, and none had an error', async () => {
    terminal?.interrupt()
    await shows(card('shapes').getByText(word('Gone'), { exact: true }))
    await terminal?.ended
    expect(reader.unread()).toEqual([])
    expect(reader.problems()).toEqual([])
  })
})
