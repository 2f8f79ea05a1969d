// What a person without a mouse does.
import type { Locator, Page } from 'playwright-core'
import { becomes } from './scene.ts'

/** Whether one of these has the focus. */
export const hasFocus = (target: Locator) =>
  target.evaluateAll((elements) => elements.includes(document.activeElement as HTMLElement))

/** Presses Tab until the target has the focus. More presses than the page has stops: it cannot be reached. */
export async function tabTo(page: Page, target: Locator, key = 'Tab'): Promise<void> {
  await target.first().waitFor()
  for (let presses = 0; presses < 150; presses++) {
    if (await hasFocus(target)) return
    await page.keyboard.press(key)
  }
  throw new Error(`${key} never reaches ${target}`)
}
/** Tabs there and presses Enter. */
export async function pressOn(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target)
  // While an answer is awaited a button keeps the focus, and takes no second press.
  await becomes(() => target.first().isEnabled(), true)
  await page.keyboard.press('Enter')
}
