// One browser for all test files with pages: started once, ended after the last of them.
import type { TestProject } from 'vitest/node'
import { serveBrowser } from './browser.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the browser's server listens, ws://… */
    browserUrl: string
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const server = await serveBrowser()
  provide('browserUrl', server.wsEndpoint())
  return () => server.close()
}
