// npm run kernel -- install: makes the TypeScript kernel known to a person's own Jupyter and VS Code. `--help` says more.
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { main, prepare, ROOT, Stop } from './prepare.mjs'

const HELP = `npm run kernel -- install | uninstall [options]

Makes the kernel “TypeScript (Pawprint)” known to your own Jupyter and VS Code, or forgets it again. Nothing is copied:
it runs this checkout, so install it again after moving that.

  --user         for you alone (default)
  --prefix DIR   for the Python environment in DIR, in DIR/share/jupyter/kernels
  --help         this text`

const COMMANDS = ['install', 'uninstall']
const FLAGS = { user: { type: 'boolean' }, prefix: { type: 'string' }, help: { type: 'boolean' } }

const refuse = (at, expected, got) => new Stop(`${at}: expected ${expected}, got ${got}\n\n${HELP}`)

/** The command and the kernelspec's folder; null for `--help`. Throws Stop that names place, expected and got. */
function readCommand(args) {
  // Not strict: its errors name neither what is expected nor what is there.
  const { values, positionals, tokens } = parseArgs({ args, options: FLAGS, strict: false, tokens: true })
  for (const { kind, name, rawName, value } of tokens) {
    if (kind !== 'option') continue
    const flag = FLAGS[name]
    if (!flag) throw refuse(rawName, '--user, --prefix DIR or --help', 'an unknown option')
    if (flag.type === 'boolean' && value !== undefined) throw refuse(rawName, 'no value', JSON.stringify(value))
    if (flag.type === 'string' && !value) throw refuse(rawName, 'a folder', 'nothing')
  }
  if (values.help) return null
  const [command, ...more] = positionals
  if (!COMMANDS.includes(command)) throw refuse('command', COMMANDS.join(' or '), JSON.stringify(command ?? ''))
  if (more.length > 0) throw refuse('command', `${command} alone`, JSON.stringify(positionals.join(' ')))
  if (values.user && values.prefix !== undefined) throw refuse('--prefix', 'either --user or --prefix', 'both')
  return { command, prefix: values.prefix, folder: join(jupyterFolder(values.prefix), 'kernels/pawprint') }
}

/** Where Jupyter keeps data: of a prefix, else of this person, as jupyter_core's paths.py has it. */
function jupyterFolder(prefix) {
  const { env, platform } = process
  // npm runs scripts in the checkout, and says where it was called.
  if (prefix !== undefined) return join(resolve(env.INIT_CWD ?? '.', prefix), 'share/jupyter')
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR
  if (platform === 'darwin') return join(homedir(), 'Library/Jupyter')
  if (platform === 'win32') return join(env.APPDATA ?? join(homedir(), 'AppData/Roaming'), 'jupyter')
  return join(env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'jupyter')
}

/** The checkout's own kernelspec with absolute paths, and with this Node: an editor may have another PATH. */
async function kernelspec() {
  const own = join(ROOT, 'notebooks/kernel/kernels/pawprint')
  const spec = JSON.parse(await readFile(join(own, 'kernel.json'), 'utf8'))
  const [, ...args] = spec.argv
  const absolute = args.map((arg) =>
    arg.startsWith('{resource_dir}') ? resolve(arg.replace('{resource_dir}', own)) : arg,
  )
  return `${JSON.stringify({ ...spec, argv: [process.execPath, ...absolute] }, null, 2)}\n`
}

async function install({ folder, prefix }) {
  if (!existsSync(join(ROOT, 'agent/dist/index.js'))) await prepare()
  const file = join(folder, 'kernel.json')
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(`${file}.new`, await kernelspec())
    await rename(`${file}.new`, file)
  } catch (error) {
    throw refuse(
      prefix === undefined ? '--user' : '--prefix',
      'a folder that can be written to',
      `${folder} (${error.message})`,
    )
  }
  console.log(`The kernel “TypeScript (Pawprint)” is installed: ${file}
It runs this checkout, ${ROOT}, with ${process.execPath}.
Choose it for notebooks inside the checkout: their imports are looked up from their own folder.`)
  if (prefix !== undefined)
    console.log(`A Jupyter of another environment finds it with JUPYTER_PATH=${dirname(dirname(folder))}`)
}

async function uninstall({ folder }) {
  const isThere = existsSync(join(folder, 'kernel.json'))
  await rm(folder, { recursive: true, force: true })
  console.log(isThere ? `The kernel is removed: ${folder}` : `There is no kernel to remove: ${folder}`)
}

main(async () => {
  const command = readCommand(process.argv.slice(2))
  if (command === null) console.log(HELP)
  else if (command.command === 'install') await install(command)
  else await uninstall(command)
})
