// Installs what the tests need, then runs them all: unit tests, and the whole story in a real browser.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main, prepare, ROOT, run, Stop } from './prepare.mjs'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const PACKAGES = ['chromium', 'fonts-dejavu-core']

/** A Chromium for the page tests: the one that is there, else Debian's. */
async function ensureChromium() {
  const given = process.env.PAWPRINT_CHROMIUM
  if (given) return given
  const found = CHROMIUM.find(existsSync)
  if (found) return found
  const command = `apt-get install -y --no-install-recommends ${PACKAGES.join(' ')}`
  const isDebianRoot = process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0
  if (!isDebianRoot)
    throw new Stop(
      `The page tests need Chromium. Install it (on Debian: sudo ${command}), or name one in PAWPRINT_CHROMIUM.`,
    )
  console.log('Installing Chromium for the page tests …')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-q'], { env })
  await run('apt-get', command.split(' ').slice(1), { env })
  return CHROMIUM[0]
}

main(async () => {
  await prepare()
  const args = process.argv.slice(2)
  const isAll = args.includes('--all')
  const chromium = await ensureChromium()
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
