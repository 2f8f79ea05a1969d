import type { TestProjectConfiguration } from 'vitest/config'
import { defineConfig } from 'vitest/config'
import { HeaviestFirst } from './scripts/heaviestFirst.ts'

/** These change their own process: they put themselves before Node's modules. Or they only wait for others. */
const ALONE = ['{faults,notebooks,bench}/**/*.test.ts', 'e2e/!(pages|story)*.test.ts']
const TOGETHER = ['{protocol,engine,agent,store-server,ui,web}/**/*.test.ts', 'demo-app/{server,src}/**/*.test.ts']
/** They share a browser. */
const PAGES = ['e2e/{pages,story}*.test.ts', 'demo-app/page.test.ts']
/** Notebooks in a real Jupyter; those that teach, and the tutorial, as a reader would run them: npm run test:notebooks, and npm run test:all. */
const NOTEBOOKS = ['notebooks/src/{tutorials,cifar10}.test.ts', 'e2e/{colab,jupyter,kernelspec,tutorialWalk}.test.ts']
const BROWSER = { globalSetup: ['e2e/globalBrowser.ts'] }
const areNotebooksWanted = process.env.PAWPRINT_NOTEBOOK_TESTS !== undefined || process.env.PAWPRINT_LONG !== undefined
// What takes minutes: npm run test:faults sets this variable.
const SLOW = process.env.PAWPRINT_FAULTS === undefined ? [] : ['faults/**/*.slow.ts']

const project = (
  name: string,
  isolate: boolean,
  include: string[],
  { globalSetup = [], exclude = [] }: { globalSetup?: string[]; exclude?: string[] } = {},
): TestProjectConfiguration => ({
  test: {
    name,
    isolate,
    include,
    globalSetup,
    exclude: ['**/node_modules/**', '**/dist/**', ...exclude],
    // Servers under test write real files: lowdb keeps data in memory only when NODE_ENV is "test".
    // What everybody has; tests of the native engine ask for it.
    env: { NODE_ENV: 'production', PAWPRINT_NATIVE: 'off' },
    // They end what hangs. A machine under load takes its time, and fails nothing.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 100_000 } },
  },
})

export default defineConfig({
  test: {
    // One more than a small machine has cores: two leave a third of them idle, waiting for browsers, kernels and disks.
    maxWorkers: 3,
    sequence: { sequencer: HeaviestFirst },
    projects: [
      project('alone', true, [...ALONE, ...SLOW], { exclude: NOTEBOOKS }),
      ...(areNotebooksWanted ? [project('notebooks', true, NOTEBOOKS, BROWSER)] : []),
      project('pages', false, PAGES, BROWSER),
      project('together', false, TOGETHER),
    ],
  },
})
