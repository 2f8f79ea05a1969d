// npm run store -- COMMAND: checks, cleans, exports, imports or rebuilds a data folder. `--help` says more.
import { existsSync } from 'node:fs'

const cli = new URL('../store-server/dist/cli/main.js', import.meta.url)
if (existsSync(cli)) process.exitCode = await (await import(cli.href)).main(process.argv.slice(2))
else {
  console.error('The store is not built yet: npm run build')
  process.exitCode = 2
}
