// What test files of pages have in common: a browser, and for each test a stage of its own.
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { connectBrowser, openPage } from './browser.ts'
import { openStage, type Stage, type StageOptions } from './stage.ts'

export interface Scene {
  readonly browser: Browser
  /** Opened before each test, closed after it. */
  readonly stage: Stage
  /** A page of its own context, closed after the test. The store's page with its token unless another address is given. */
  open(url?: string): Promise<{ page: Page; problems: string[] }>
}

/** The scene of a test file; call it once, at the top. */
export function useScene(options: StageOptions = {}): Scene {
  let browser: Browser
  let stage: Stage
  beforeAll(async () => {
    browser = await connectBrowser()
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    stage = await openStage(options)
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    await stage.close()
  })
  return {
    get browser() {
      return browser
    },
    get stage() {
      return stage
    },
    open: (url = stage.link) => openPage(browser, url),
  }
}

/** Waits until the answer equals the value. */
export const becomes = <T>(ask: () => T | Promise<T>, value: T): Promise<void> => expect.poll(ask).toEqual(value)
