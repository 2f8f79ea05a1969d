// npm run build:native: compiles what does some of the work faster than what comes with npm does: the native engine, and a decoder of JPEGs.
import { existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { main, ROOT, run, Stop } from './prepare.mjs'

const ADDONS = [
  { name: 'engine', folder: 'engine/native', needs: 'oneDNN 2' },
  { name: 'JPEG decoder', folder: 'agent/native', needs: 'libjpeg-turbo' },
]

const PACKAGES = 'g++ make python3 libdnnl-dev libjpeg-dev'

/** Compiles both from the sources that are there; one may fail without the other. Throws Stop with what is missing. */
export async function buildNative() {
  const gyp = gypPlace()
  if (gyp === null) throw new Stop('node-gyp, which comes with npm, was not found: run this by `npm run build:native`.')
  // Node's own headers where they lie beside it, as with its official archives and with Debian; else node-gyp fetches them from nodejs.org.
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
  const failed = []
  for (const { name, folder, needs } of ADDONS) {
    const cwd = join(ROOT, folder)
    try {
      await run(process.execPath, [gyp, 'configure', 'build', '--jobs', 'max', '--silent', ...headers], { cwd })
    } catch (cause) {
      // Half of one would be taken for a whole one.
      rmSync(join(cwd, 'build'), { recursive: true, force: true })
      failed.push({ message: `The native ${name} was not built. It needs a C++ compiler and ${needs}.`, cause })
    }
  }
  if (failed.length === 0) return
  const lines = [...failed.map(({ message }) => message), `On Debian: apt-get install ${PACKAGES}`]
  throw new Stop(lines.join('\n'), { cause: failed[0].cause })
}

function gypPlace() {
  const npm = process.env.npm_execpath ?? ''
  const places = [
    process.env.npm_config_node_gyp ?? '',
    join(dirname(dirname(npm)), 'node_modules/node-gyp/bin/node-gyp.js'),
  ]
  return places.find((place) => place !== '' && existsSync(place)) ?? null
}

if (process.argv[1] === join(ROOT, 'scripts/native.mjs'))
  main(async () => {
    await buildNative()
    console.log('Built. Notebooks use it from their next start on; PAWPRINT_NATIVE=off goes without.')
  })
