// Installs what the tests need, then runs them all: unit tests, and the whole story in a real browser.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main, prepare, ROOT, run, Stop } from './prepare.mjs'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const PACKAGES = ['chromium', 'fonts-dejavu-core']
/** Prints the version of an interpreter that can run protocol/examples; else fails. */
const PYTHON = 'import sys; print(sys.version); sys.exit(sys.version_info < (3, 9))'

/** Installs Debian's packages, if that may be; `need` says what for. Throws Stop with the command else. */
async function install(need, packages) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  const isDebianRoot = process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0
  if (!isDebianRoot) throw new Stop(`${need} (on Debian: sudo ${command}).`)
  console.log(`Installing ${packages.join(', ')} for the tests …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-q'], { env })
  await run('apt-get', command.split(' ').slice(1), { env })
}

/** A Chromium for the page tests: the one that is there, else Debian's. */
async function ensureChromium() {
  const given = process.env.PAWPRINT_CHROMIUM
  if (given) return given
  const found = CHROMIUM.find(existsSync)
  if (found) return found
  await install('The page tests need Chromium: install it, or name one in PAWPRINT_CHROMIUM', PACKAGES)
  return CHROMIUM[0]
}

/** A Python for the client of protocol/examples: the one that is there, else Debian's. */
async function ensurePython() {
  const { status, error, stdout } = spawnSync('python3', ['-c', PYTHON], { encoding: 'utf8' })
  if (status === 0) return
  if (error?.code !== 'ENOENT') throw new Stop(`The tests need Python 3.9 or newer as python3, got ${stdout.trim()}.`)
  await install('The tests need Python 3.9 or newer: install python3', ['python3'])
}

main(async () => {
  await prepare()
  const args = process.argv.slice(2)
  const isAll = args.includes('--all')
  const chromium = await ensureChromium()
  await ensurePython()
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
        ...args.filter((arg) => arg !== '--all'),
      ],
      { env: { ...process.env, PAWPRINT_CHROMIUM: chromium, ...(isAll ? { PAWPRINT_LONG: '1' } : {}) } },
    )
  } finally {
    if (existsSync(report)) {
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
      console.log(`${numPassedTests} passed, ${numFailedTests} failed`)
    }
    rmSync(folder, { recursive: true, force: true })
  }
})
