// npm run bench -- NAME [options]: runs bench/NAME.mjs.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { main, node, prepare, ROOT, Stop } from './prepare.mjs'

main(async () => {
  const [name, ...rest] = process.argv.slice(2)
  const names = readdirSync(join(ROOT, 'bench'))
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
  if (!names.includes(name))
    throw new Stop(`npm run bench -- NAME: expected ${names.join(' or ')}, got ${name ?? 'nothing'}`)
  await prepare()
  await node(`bench/${name}.mjs`, ...rest)
})
