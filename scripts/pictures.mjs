// Takes the pictures of the README from the running product: npm run pictures (needs Chromium, Jupyter, and CIFAR-10 for the real thing).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startChild } from './children.mjs'
import { takeNotebookPicture } from './notebookPicture.mjs'
import { main, prepare, ROOT } from './prepare.mjs'
import { apiOf } from './sample.mjs'

const PORTS = { store: 3191, demo: 5191 }
const GRID = { LEARNING_RATE: [0.0005, 0.001, 0.002], NUM_FILTERS: [16, 32], EPOCHS: 2 }

async function until(ask, fits) {
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return answer
    await wait(200)
  }
}

async function launchBrowser() {
  const { chromium } = await import('playwright-core')
  return chromium.launch({
    executablePath: process.env.PAWPRINT_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}

async function takePictures(link, demoUrl, token) {
  const sharp = (await import('sharp')).default
  const api = apiOf(`http://127.0.0.1:${PORTS.store}`, async () => token)
  const jobs = async () => (await api('GET', '/api/jobs')).items
  await until(jobs, ([job]) => job?.state === 'done')
  const [{ notebook }] = await jobs()
  await api('POST', `/api/notebooks/${notebook}/config`, GRID)
  const { id } = await api('POST', '/api/jobs', { notebook })

  const browser = await launchBrowser()
  const open = async (url, colorScheme) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme })
    const page = await context.newPage()
    await page.goto(url)
    return page
  }
  const light = await open(link, 'light')
  const dark = await open(link, 'dark')
  await until(
    () => api('GET', `/api/jobs/${id}`),
    ({ trials }) => trials[2].progress > 0.6,
  )
  await wait(1000)
  await light.screenshot({ path: join(ROOT, 'docs/store.png') })
  await dark.screenshot({ path: join(ROOT, 'docs/store-dark.png') })
  const demo = await open(demoUrl, 'light')
  const picture = await sharp(join(ROOT, 'docs/ship.svg'), { density: 200 }).png().toBuffer()
  await demo.getByTestId('file').setInputFiles({ name: 'ship.png', mimeType: 'image/png', buffer: picture })
  await demo.getByTestId('phrase').waitFor()
  await wait(1500)
  await demo.screenshot({ path: join(ROOT, 'docs/demo.png') })
  await browser.close()
}

/** Runs `work` beside a store and a demo of its own, with the store's link and token. */
async function withPawprint(options, work) {
  const data = await mkdtemp(join(tmpdir(), 'pawprint-pictures-'))
  const args = ['--data', data, '--store-port', `${PORTS.store}`, '--demo-port', `${PORTS.demo}`, ...options]
  const child = startChild('launcher', join(ROOT, 'scripts/start.mjs'), { args, logFile: join(data, 'start.log') })
  try {
    const link = (await child.ready(/^ {2}Store /)).trim().split(/\s+/)[1]
    await work(link, new URL(link).searchParams.get('token'))
  } finally {
    await child.stop()
    await rm(data, { recursive: true, force: true })
  }
}

main(async () => {
  await prepare()
  await withPawprint([], (link, token) => takePictures(link, `http://127.0.0.1:${PORTS.demo}/`, token))
  await withPawprint(['--no-notebook'], async (_, token) => {
    const url = `http://127.0.0.1:${PORTS.store}`
    const browser = await launchBrowser()
    const env = { PAWPRINT_STORE: url, PAWPRINT_TOKEN: token }
    await takeNotebookPicture({ browser, api: apiOf(url, token), env, path: join(ROOT, 'docs/notebook.png') })
    await browser.close()
  })
})
