import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CIFAR_PART } from '../cifar10/cifarFiles.ts'
import { makeCifarFiles } from '../testing/testData.ts'
import { cacheFolder, localFolders, locate, namedFolder, type Surroundings } from './locate.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pawprint-locate-'))
})
afterEach(() => rm(root, { recursive: true }))

const FILES = [...makeCifarFiles(0).keys()]

async function putArchive(...folders: string[]): Promise<string> {
  const folder = join(root, ...folders)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'cifar-10-binary.tar.gz'), '')
  return join(folder, 'cifar-10-binary.tar.gz')
}

async function putFolder(folders: readonly string[], files: readonly string[] = FILES): Promise<string> {
  const folder = join(root, ...folders, 'cifar-10-batches-bin')
  await mkdir(folder, { recursive: true })
  for (const name of files) await writeFile(join(folder, name), '')
  return folder
}

test.each([[[]], [['a']], [['a', 'b']]])('finds the archive in the root/%j', async (folders) => {
  const path = await putArchive(...folders)
  expect(await locate([CIFAR_PART], [root])).toEqual([{ type: 'archive', path }])
})

test.each([[[]], [['a']], [['a', 'b']]])('finds the unpacked folder in the root/%j', async (folders) => {
  const path = await putFolder(folders)
  expect(await locate([CIFAR_PART], [root])).toEqual([{ type: 'folder', path }])
})

test('looks no deeper than two folders', async () => {
  await putArchive('a', 'b', 'c')
  await putFolder(['a', 'b', 'c'])
  expect(await locate([CIFAR_PART], [root])).toBeNull()
})

test('the root may be the unpacked folder or the archive itself', async () => {
  const folder = await putFolder(['a'])
  const archive = await putArchive('b')
  expect(await locate([CIFAR_PART], [folder])).toEqual([{ type: 'folder', path: folder }])
  expect(await locate([CIFAR_PART], [archive])).toEqual([{ type: 'archive', path: archive }])
})

test('an earlier root wins, and within one the nearest', async () => {
  const far = await putArchive('first', 'a', 'b')
  await putArchive('second')
  const roots = [join(root, 'first'), join(root, 'second')]
  expect(await locate([CIFAR_PART], roots)).toEqual([{ type: 'archive', path: far }])
  const near = await putArchive('first', 'z')
  expect(await locate([CIFAR_PART], roots)).toEqual([{ type: 'archive', path: near }])
})

test('a folder with files missing comes last, after archives in later roots', async () => {
  const broken = await putFolder(['first'], FILES.slice(0, 4))
  expect(await locate([CIFAR_PART], [root])).toEqual([{ type: 'folder', path: broken }])
  const archive = await putArchive('second')
  expect(await locate([CIFAR_PART], [join(root, 'first'), join(root, 'second')])).toEqual([
    { type: 'archive', path: archive },
  ])
})

test('follows links to folders, and is not caught in a ring of them', async () => {
  const path = await putArchive('elsewhere', 'deep', 'deeper')
  await mkdir(join(root, 'start'))
  await symlink(join(root, 'start'), join(root, 'start', 'again'), 'dir')
  expect(await locate([CIFAR_PART], [join(root, 'start')])).toBeNull()
  await symlink(join(path, '..'), join(root, 'start', 'link'), 'dir')
  const found = await locate([CIFAR_PART], [join(root, 'start')])
  expect(found?.[0]?.path).toBe(join(root, 'start', 'link', 'cifar-10-binary.tar.gz'))
})

test('roots that are missing, or files, hold nothing', async () => {
  await writeFile(join(root, 'file'), '')
  expect(await locate([CIFAR_PART], [join(root, 'nowhere'), join(root, 'file')])).toBeNull()
})

test('a folder that has the name of the archive is not the archive', async () => {
  await mkdir(join(root, 'cifar-10-binary.tar.gz'))
  expect(await locate([CIFAR_PART], [root])).toBeNull()
})

const around = (changes: Partial<Surroundings>): Surroundings => ({
  argv: [],
  env: {},
  platform: 'linux',
  home: join('/', 'home', 'ada'),
  currentFolder: join('/', 'work'),
  ...changes,
})

test.each([
  [{}, join('/', 'home', 'ada', '.cache')],
  [{ env: { XDG_CACHE_HOME: join('/', 'x') } }, join('/', 'x')],
  [{ env: { XDG_CACHE_HOME: 'relative' } }, join('/', 'home', 'ada', '.cache')],
  [{ platform: 'darwin' }, join('/', 'home', 'ada', 'Library', 'Caches')],
  [{ platform: 'win32', env: { LOCALAPPDATA: join('/', 'local') } }, join('/', 'local')],
])('with %j the cache is in %s', (changes, folder) => {
  expect(cacheFolder(around(changes))).toBe(join(folder, 'pawprint', 'datasets'))
})

test('the option goes before the flag, the flag before the variable', () => {
  const env = { PAWPRINT_DATASETS: '/variable' }
  const argv = ['node', 'run.js', '--datasets', 'flag']
  expect(namedFolder('option', around({ argv, env }))).toEqual({ by: 'directory', path: join('/', 'work', 'option') })
  expect(namedFolder(undefined, around({ argv, env }))).toEqual({ by: '--datasets', path: join('/', 'work', 'flag') })
  expect(namedFolder(undefined, around({ argv: ['--datasets=/b'], env }))?.path).toBe('/b')
  expect(namedFolder(undefined, around({ env }))).toEqual({ by: 'PAWPRINT_DATASETS', path: '/variable' })
  expect(namedFolder(undefined, around({ env: { PAWPRINT_DATASETS: '' } }))).toBeNull()
})

test('a notebook finds the data in its own folder, and beside it in that of the checkout', async () => {
  const path = await putArchive('datasets')
  const folders = localFolders(around({ currentFolder: join(root, 'notebooks') }))
  expect(folders).toEqual([join(root, 'notebooks', 'datasets'), join(root, 'datasets')])
  expect(await locate([CIFAR_PART], folders)).toEqual([{ type: 'archive', path }])
})
