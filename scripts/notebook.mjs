// npm run notebook -- FILE: runs a notebook without a browser. `--help` says more.
import { existsSync } from 'node:fs'

const cli = new URL('../notebooks/dist/cli.js', import.meta.url)
if (existsSync(cli)) process.exitCode = await (await import(cli.href)).main(process.argv.slice(2))
else {
  console.error('The runner is not built yet: npm run build')
  process.exitCode = 1
}
