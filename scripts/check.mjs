// Format, lint and types of everything: what must be clean before a commit.

import { join } from 'node:path'
import { build, install, main, node, ROOT, run } from './prepare.mjs'

main(async () => {
  await install()
  await node('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.')
  await build()
  for (const project of ['tsconfig.tests.json', 'e2e/tsconfig.json', 'faults/tsconfig.json'])
    await node('node_modules/typescript/bin/tsc', '-p', project)
  for (const page of ['web', 'demo-app'])
    await run(
      process.execPath,
      [join(ROOT, 'node_modules/svelte-check/bin/svelte-check'), '--fail-on-warnings', '--output', 'human'],
      { cwd: join(ROOT, page) },
    )
})
