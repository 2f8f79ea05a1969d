import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      '{protocol,engine,agent,store-server,ui,web,demo-app,notebooks,bench,e2e,faults}/**/*.test.ts',
      // What takes minutes: npm run test:faults sets this variable.
      ...(process.env.PAWPRINT_FAULTS === undefined ? [] : ['faults/**/*.slow.ts']),
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Servers under test write real files: lowdb keeps data in memory only when NODE_ENV is "test".
    env: { NODE_ENV: 'production' },
    // One worker would leave a core idle whenever a test waits for a browser, a kernel or a disk.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
