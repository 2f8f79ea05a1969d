// What is installed: pinned, with the digest of its bytes, and without running anything of its own.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

interface Package {
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly workspaces?: readonly string[]
  readonly allowScripts?: Readonly<Record<string, boolean>>
}
interface Locked extends Package {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}
const read = async <T>(path: string): Promise<T> => JSON.parse(await readFile(join(ROOT, path), 'utf8')) as T
const { workspaces = [], allowScripts = {} } = await read<Package>('package.json')
const { packages } = await read<{ packages: Record<string, Locked> }>('package-lock.json')
const installed = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link)
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

test('every dependency of every package is one exact version, the one that the lock has', async () => {
  for (const folder of ['', ...workspaces]) {
    const own = await read<Package>(join(folder, 'package.json'))
    const wanted = { ...own.dependencies, ...own.devDependencies }
    for (const [name, version] of Object.entries(wanted)) {
      expect([folder, name, version]).toEqual([folder, name, expect.stringMatching(/^\d+\.\d+\.\d+$/)])
      const locked = packages[`${folder}/node_modules/${name}`] ?? packages[`node_modules/${name}`]
      expect([folder, name, locked?.link ? version : locked?.version]).toEqual([folder, name, version])
    }
    expect([folder, packages[folder]?.dependencies ?? {}]).toEqual([folder, own.dependencies ?? {}])
    expect([folder, packages[folder]?.devDependencies ?? {}]).toEqual([folder, own.devDependencies ?? {}])
  }
})

test('the lock has a digest of every package and the address of none, so that only these bytes are installed, from anywhere', () => {
  expect(installed.length).toBeGreaterThan(300)
  for (const [path, { integrity, resolved }] of installed)
    expect([path, integrity, resolved]).toEqual([path, expect.stringMatching(/^sha512-[\w+/]{86}==$/), undefined])
})

test('nothing runs at an install but what package.json names, and our own packages run nothing', async () => {
  const running = installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path))
  // fsevents is for macOS, where its script does nothing but build it.
  expect(running.filter((name) => name !== 'fsevents').filter((name) => !(name in allowScripts))).toEqual([])
  for (const folder of ['', ...workspaces]) {
    const { scripts = {} } = await read<Package>(join(folder, 'package.json'))
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare|publish)$/.test(name))).toEqual([])
  }
})

test('every package of the project is a workspace', async () => {
  const folders = await readdir(ROOT, { withFileTypes: true })
  const withPackage: string[] = []
  for (const folder of folders.filter((entry) => entry.isDirectory() && !/^(\.|node_modules)/.test(entry.name)))
    if ((await readdir(join(ROOT, folder.name))).includes('package.json')) withPackage.push(folder.name)
  expect(withPackage.sort()).toEqual([...workspaces].sort())
})

test('ws is new enough to bound the fragments of a message', () => {
  for (const [path, { version }] of installed.filter(([path]) => nameOf(path) === 'ws')) {
    const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
    expect([path, major > 8 || (major === 8 && minor >= 23)]).toEqual([path, true])
  }
})
