// Installs what the tests need, then runs them all: unit tests, and the whole story in a real browser. `--notebooks`: notebooks in a real Jupyter, and those that teach.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildNative } from './native.mjs'
import { main, prepare, ROOT, run, Stop } from './prepare.mjs'

/** What the tests need that npm does not have: where it may be, the variable that names another place, Debian's packages. */
const TOOLS = [
  {
    name: 'Chromium',
    use: 'the page tests',
    variable: 'PAWPRINT_CHROMIUM',
    // Without the windows that nobody sees, half the processor time.
    places: [
      '/usr/bin/chromium-headless-shell',
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome',
    ],
    packages: ['chromium-headless-shell', 'fonts-dejavu-core'],
    isFirstBest: true,
  },
  {
    name: 'Jupyter’s notebook server',
    use: 'the tests of the notebook in its page, and of the one for Colab',
    variable: 'PAWPRINT_JUPYTER',
    places: ['/usr/bin/jupyter-notebook', '/usr/local/bin/jupyter-notebook'],
    packages: ['jupyter-notebook'],
  },
  {
    name: 'jupyter kernelspec',
    use: 'the test of npm run kernel',
    variable: 'PAWPRINT_KERNELSPEC',
    places: ['/usr/bin/jupyter-kernelspec', '/usr/local/bin/jupyter-kernelspec'],
    packages: ['jupyter-client'],
  },
  {
    name: 'Python',
    use: 'the test of the client in protocol/examples',
    variable: 'PAWPRINT_PYTHON',
    places: ['/usr/bin/python3', '/usr/local/bin/python3'],
    packages: ['python3'],
  },
  {
    name: 'openssl',
    use: 'the certificates of the tests of https',
    variable: 'PAWPRINT_OPENSSL',
    places: ['/usr/bin/openssl', '/usr/local/bin/openssl'],
    packages: ['openssl'],
  },
]

/** What native code is made of. Where it cannot be had, its tests are left out. */
const NATIVE_NEEDS = [
  { name: 'oneDNN', place: '/usr/include/oneapi/dnnl/dnnl.hpp', packages: ['libdnnl-dev', 'g++', 'make', 'python3'] },
  { name: 'libjpeg', place: '/usr/include/jpeglib.h', packages: ['libjpeg-dev', 'g++', 'make', 'python3'] },
]

/** Builds native code, whose sources may have changed. */
async function ensureNative() {
  try {
    const missing = NATIVE_NEEDS.filter(({ place }) => !existsSync(place))
    // What cannot be had is told by the build.
    if (isDebianRoot())
      for (const one of missing) await installPackages([one]).catch((error) => console.warn(error.message))
    await buildNative()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    console.warn(`Without the tests of what was not built: ${error.message}`)
  }
}

/** Where each tool is, by its variable; installs Debian's packages of those that are missing. */
async function ensureTools() {
  const placeOf = ({ variable, places }) => process.env[variable] ?? places.find(existsSync)
  const missing = TOOLS.filter((tool) => placeOf(tool) === undefined)
  if (missing.length > 0) await installPackages(missing)
  const poor = TOOLS.filter(({ isFirstBest, places, variable }) => {
    return isFirstBest && process.env[variable] === undefined && !existsSync(places[0])
  })
  // What is there will do.
  if (poor.length > 0 && isDebianRoot()) await installPackages(poor).catch((error) => console.warn(error.message))
  return Object.fromEntries(TOOLS.map((tool) => [tool.variable, placeOf(tool) ?? tool.places[0]]))
}

const isDebianRoot = () => process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0

async function installPackages(missing) {
  const packages = missing.flatMap((tool) => tool.packages)
  const args = ['install', '-y', '--no-install-recommends', ...packages]
  if (!isDebianRoot()) {
    const needs = missing.map(({ name, use, variable }) => `${name} for ${use} (or its place in ${variable})`)
    throw new Stop(`Missing: ${needs.join('; ')}.\nOn Debian: sudo apt-get ${args.join(' ')}`)
  }
  console.log(`Installing ${missing.map(({ name }) => name).join(' and ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-q'], { env })
  await run('apt-get', args, { env })
}

main(async () => {
  const args = process.argv.slice(2)
  const isAll = args.includes('--all')
  const areNotebooks = args.includes('--notebooks')
  // The compiler has a core to itself, while the other one waits for the network.
  await Promise.all([prepare(), areNotebooks ? undefined : ensureNative()])
  const tools = await ensureTools()
  const folder = mkdtempSync(join(tmpdir(), 'pawprint-test-'))
  const report = join(folder, 'report.json')
  try {
    await run(
      process.execPath,
      [
        join(ROOT, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...(areNotebooks ? ['--project', 'notebooks'] : []),
        ...args.filter((arg) => arg !== '--all' && arg !== '--notebooks'),
      ],
      {
        env: {
          ...process.env,
          ...tools,
          ...(isAll ? { PAWPRINT_LONG: '1' } : {}),
          ...(areNotebooks ? { PAWPRINT_NOTEBOOK_TESTS: '1' } : {}),
        },
      },
    )
  } finally {
    if (existsSync(report)) {
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
      console.log(`${numPassedTests} passed, ${numFailedTests} failed`)
    }
    rmSync(folder, { recursive: true, force: true })
  }
})
