import { type Browser, type BrowserServer, chromium, type Page } from 'playwright-core'
import { inject } from 'vitest'

/** Longest that a page may take for one step; a machine under load is slow, and what never comes still fails. Milliseconds. */
export const WAIT_MS = 100_000

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const serveBrowser = (): Promise<BrowserServer> =>
  chromium.launchServer({
    executablePath: process.env.PAWPRINT_CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    args: ARGS,
  })

/** The browser that all test files share, with contexts of its own. */
export const connectBrowser = (): Promise<Browser> => chromium.connect(inject('browserUrl'))

/** A page whose console errors, uncaught errors and CSP violations are collected; a test expects none. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  page.setDefaultTimeout(WAIT_MS)
  const problems: string[] = []
  page.on('console', (message) => {
    // Chromium reports each refused request, also those that the page expects and explains, as an error.
    if (message.type() === 'error' && !message.text().includes('status of 422')) problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  await page.goto(url)
  return { page, problems }
}

/** Resolves with the next drawing. Not by an animation frame: a page whose clock a test has stopped has none. */
const drawn = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((resolve) => new ResizeObserver(resolve).observe(document.documentElement)))

/** From here on the page's time goes only as far as the test says. A clock that is only installed goes on by itself. */
export async function stopClock(page: Page): Promise<void> {
  await page.clock.install()
  await page.clock.pauseAt(Date.now() + 600_000)
}

/** Drops files on an element as a hand does: real, trusted drag events of the browser. */
export async function dropFiles(page: Page, selector: string, files: string[]): Promise<void> {
  const box = await page.locator(selector).boundingBox()
  if (!box) throw new Error(`${selector} is not in sight`)
  const session = await page.context().newCDPSession(page)
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const data = { items: [], files, dragOperationsMask: 1 }
  // A hand is slow: the page draws between the events, and answers each before the next one comes.
  for (const type of ['dragEnter', 'dragOver', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...at, data })
    await drawn(page)
    await drawn(page)
  }
  await session.detach()
}

/** The log as the page shows it, from its first row to its last, read by scrolling through the rows that are drawn. */
export async function readLog(page: Page): Promise<{ seq: number; text: string }[]> {
  return page.getByTestId('log').evaluate(async (log) => {
    const rows = new Map<number, string>()
    const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    log.scrollTop = 0
    for (;;) {
      await drawn()
      for (const row of log.querySelectorAll('[data-seq]'))
        rows.set(Number(row.getAttribute('data-seq')), row.textContent ?? '')
      if (log.scrollTop + log.clientHeight >= log.scrollHeight - 1) break
      log.scrollTop += log.clientHeight / 2
    }
    return [...rows].map(([seq, text]) => ({ seq, text }))
  })
}
