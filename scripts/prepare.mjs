// Brings a checkout to the point where it runs: dependencies installed, packages compiled, pages built. Quick when nothing changed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const PAGES = ['web', 'demo-app']
const MIN_NODE = [20, 19]

/** A message for the person at the terminal; printed without a stack. */
export class Stop extends Error {}

/** Runs a command to its end with its output visible. Throws Stop when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', ...options })
    child.once('error', (error) => reject(new Stop(`${command}: ${error.message}`)))
    child.once('exit', (code, signal) =>
      code === 0
        ? resolve()
        : reject(new Stop(`${[command, ...args].join(' ')} ended with ${signal ?? `code ${code}`}`)),
    )
  })
}

/** Runs one of our own or our dependencies' scripts with this Node. */
export const node = (script, ...args) => run(process.execPath, [join(ROOT, script), ...args])

async function once(stamp, key, work) {
  const path = join(ROOT, stamp)
  if (existsSync(path) && readFileSync(path, 'utf8') === key) return
  await work()
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, key)
}

async function filesUnder(folder) {
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/[\\/](dist|node_modules)[\\/]/.test(path))
    .sort()
}

async function hashOf(paths) {
  const hash = createHash('sha256').update(process.version)
  for (const path of paths) hash.update(path.slice(ROOT.length)).update(readFileSync(path))
  return hash.digest('hex')
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]))
    throw new Stop(
      `Node: expected ${MIN_NODE.join('.')} or newer, got ${process.versions.node}. See https://nodejs.org`,
    )
}

/** Installs what package-lock.json names, unless that very lock is installed already. */
export async function install() {
  checkNode()
  const key = await hashOf([join(ROOT, 'package-lock.json')])
  await once('node_modules/.pawprint-installed', key, async () => {
    console.log('Installing dependencies (about 900 MB on disk, once) …')
    // Under npm, npm_execpath is the very npm that runs us: no second one from the PATH, and no shell on Windows.
    const npm = process.env.npm_execpath
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund']
    if (npm) await run(process.execPath, [npm, ...args])
    else await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { shell: process.platform === 'win32' })
  })
}

/** Compiles what changed. tslab puts its own TypeScript at node_modules/.bin/tsc, hence the path. */
export async function build() {
  await node('node_modules/typescript/bin/tsc', '-b')
  for (const page of PAGES) {
    const key = await hashOf([
      ...(await filesUnder(page)),
      ...(await filesUnder('ui')),
      ...(await filesUnder('protocol')),
    ])
    await once(`${page}/dist/.built`, key, () =>
      run(process.execPath, [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], {
        cwd: join(ROOT, page),
      }),
    )
  }
}

export async function prepare() {
  await install()
  await build()
}

/** Runs a script's main function; errors meant for people are printed plainly. */
export function main(work) {
  work().catch((error) => {
    console.error(error instanceof Stop ? error.message : error)
    process.exitCode = 1
  })
}
