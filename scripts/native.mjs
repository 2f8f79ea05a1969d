// npm run build:native: compiles the native engine, which trains up to twice as fast as the one that comes with npm.
import { existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { main, ROOT, run, Stop } from './prepare.mjs'

const FOLDER = join(ROOT, 'engine/native')
export const ADDON = join(FOLDER, 'build/Release/pawprint.node')

const PACKAGES = 'g++ make python3 libdnnl-dev'

/** Compiles it from the sources that are there. Throws Stop with what is missing. */
export async function buildNative() {
  const gyp = gypPlace()
  if (gyp === null) throw new Stop('node-gyp, which comes with npm, was not found: run this by `npm run build:native`.')
  // Node's own headers where they lie beside it, as with its official archives and with Debian; else node-gyp fetches them from nodejs.org.
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
  try {
    await run(process.execPath, [gyp, 'configure', 'build', '--jobs', 'max', '--silent', ...headers], { cwd: FOLDER })
  } catch (cause) {
    // Half of one would be taken for a whole one.
    rmSync(join(FOLDER, 'build'), { recursive: true, force: true })
    throw new Stop(
      `The native engine was not built. It needs a C++ compiler and oneDNN 2; on Debian: apt-get install ${PACKAGES}`,
      { cause },
    )
  }
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
    console.log(`Built ${ADDON}. Trials use it from the next start on; PAWPRINT_NATIVE=off goes without.`)
  })
