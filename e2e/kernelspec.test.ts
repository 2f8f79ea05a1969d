// npm run kernel, by the real Jupyter's own word.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-kernelspec-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const kernel = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, ['scripts/kernel.mjs', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })

interface Spec {
  readonly resource_dir: string
  readonly spec: { readonly argv: readonly string[]; readonly display_name: string; readonly language: string }
}

/** What `jupyter kernelspec list` says of our kernel. */
function listed(env: NodeJS.ProcessEnv): Spec | undefined {
  const command = process.env.PAWPRINT_KERNELSPEC ?? '/usr/bin/jupyter-kernelspec'
  const { stdout } = spawnSync(command, ['list', '--json'], { encoding: 'utf8', env: { ...process.env, ...env } })
  return JSON.parse(stdout).kernelspecs.pawprint
}

test.each([
  ['for a person', [], (home: string) => ({ HOME: home, XDG_DATA_HOME: join(home, 'data') }), 'data/jupyter'],
  ['where JUPYTER_DATA_DIR says', ['--user'], (home: string) => ({ JUPYTER_DATA_DIR: join(home, 'own') }), 'own'],
  [
    'for a prefix, seen from where npm was called',
    ['--prefix', 'env'],
    (home: string) => ({ INIT_CWD: home, JUPYTER_PATH: join(home, 'env/share/jupyter') }),
    'env/share/jupyter',
  ],
] as const)(
  'installed %s, Jupyter lists the kernel; again changes nothing; uninstalled, it is gone',
  async (_, flags, envOf, place) => {
    const home = await temporaryFolder()
    const env = envOf(home)
    const file = join(home, place, 'kernels/pawprint/kernel.json')
    expect(kernel(['install', ...flags], env)).toMatchObject({ status: 0, stdout: expect.stringContaining(file) })
    const text = await readFile(file, 'utf8')
    expect(kernel(['install', ...flags], env).status).toBe(0)
    expect(await readFile(file, 'utf8')).toBe(text)

    const found = listed(env)
    expect(found).toMatchObject({
      resource_dir: dirname(file),
      spec: { display_name: 'TypeScript (Pawprint)', language: 'typescript' },
    })
    const [node = '', ...args] = found?.spec.argv ?? []
    expect(args.filter((part) => part.includes('/')).every(isAbsolute)).toBe(true)
    // Started in a folder that knows nothing of the checkout.
    const version = spawnSync(node, [...args.slice(0, args.indexOf('kernel')), '--version'], { cwd: home })
    expect(version.stdout.toString()).toBe('tslab 1.0.22\n')

    const { stdout } = kernel(['uninstall', ...flags], env)
    expect(stdout).toBe(`The kernel is removed: ${dirname(file)}\n`)
    expect(existsSync(dirname(file))).toBe(false)
    expect(kernel(['uninstall', ...flags], env)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('no kernel'),
    })
  },
)

test.each([
  [['instal'], 'command: expected install or uninstall, got "instal"'],
  [[], 'command: expected install or uninstall, got ""'],
  [['install', 'it'], 'command: expected install alone, got "install it"'],
  [['install', '--fly'], '--fly: expected --user, --prefix DIR or --help, got an unknown option'],
  [['install', '--user=me'], '--user: expected no value, got "me"'],
  [['install', '--prefix'], '--prefix: expected a folder, got nothing'],
  [['install', '--user', '--prefix', '/x'], '--prefix: expected either --user or --prefix, got both'],
])('%j is refused: %s', (args, message) => {
  const { status, stderr } = kernel(args)
  expect(status).toBe(1)
  expect(stderr.split('\n')[0]).toBe(message)
})

test('a place that cannot be written to is refused by name', async () => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  const { status, stderr } = kernel(['install', '--prefix', file])
  expect(status).toBe(1)
  expect(stderr).toContain(
    `--prefix: expected a folder that can be written to, got ${file}/share/jupyter/kernels/pawprint`,
  )
})

test('--help is answered, and is no failure', () => {
  expect(kernel(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--prefix DIR') })
})
