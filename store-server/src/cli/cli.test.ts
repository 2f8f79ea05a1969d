import { execFile } from 'node:child_process'
import { readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { flip, put } from '../testing/damage.ts'
import { blobOf, contentOf, MADE, newFolder, recordOf, useFilledFolder } from '../testing/dataFolder.ts'
import { sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'

const filled = useFilledFolder()
const [FIRST = ''] = MADE
const SCRIPT = fileURLToPath(new URL('../../../scripts/store.mjs', import.meta.url))
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** The command as a person types it, in a process of its own. */
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}, script = SCRIPT) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { env: { ...process.env, ...env } }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })

test('fsck says that a folder is well, changes nothing, and ends with 0', async () => {
  const data = await filled.copy()
  const before = await contentOf(data)
  expect(await run(['fsck', '--data', data])).toEqual({ code: 0, out: `${data}: 0 problems, 0 notes\n`, err: '' })
  expect(await run(['fsck'], { PAWPRINT_DATA: data })).toMatchObject({ code: 0 })
  expect(await contentOf(data)).toEqual(before)
})

test('fsck names each problem on a line, ends with 1, and repairs what is safe when it is told to', async () => {
  const data = await filled.copy()
  await flip(join(data, blobOf(FIRST)), 30)
  await put(join(data, 'registry.json.tmp'), 'half')
  const { code, out } = await run(['fsck', '--data', data])
  expect(code).toBe(1)
  expect(out.split('\n')).toEqual([
    expect.stringMatching(new RegExp(`^problem ${blobOf(FIRST)}: expected bytes with sha1 ${FIRST}.* got .* Upload`)),
    expect.stringMatching(/^note registry\.json\.tmp: expected nothing, got a temp file\. .*--repair removes it/),
    `${data}: 1 problems, 1 notes`,
    '',
  ])
  const repaired = await run(['fsck', '--repair', '--data', data])
  expect(repaired.code).toBe(1)
  expect(repaired.out).toMatch(/^repaired note registry\.json\.tmp: .*\nproblem .*\n.*: 1 problems, 0 notes\n$/)
})

test('gc removes what nobody names and is old enough, and says what', async () => {
  const data = await filled.copy()
  const store = await startTestStore({ dataDir: data })
  const sha1 = await upload(store, weightsOf(7))
  await store.close()
  expect((await run(['gc', '--data', data])).out).toMatch(/removed 0 weights, 0 bytes, and 0 temp files/)
  const longAgo = new Date('2020-01-01')
  for (const path of [blobOf(sha1), recordOf(sha1), ...MADE.map(blobOf), ...MADE.map(recordOf)])
    await utimes(join(data, path), longAgo, longAgo)
  const size = weightsOf(7).length
  expect(await run(['gc', '--data', data])).toEqual({
    code: 0,
    out: `removed ${sha1}, ${size} bytes\n${data}: removed 1 weights, ${size} bytes, and 0 temp files\n`,
    err: '',
  })
  expect(await run(['fsck', '--data', data])).toMatchObject({ code: 0, out: `${data}: 0 problems, 0 notes\n` })
})

test('gc of a folder whose records cannot all be read removes nothing', async () => {
  const data = await filled.copy()
  await truncate(join(data, `models/${FIRST}/model.json`), 10)
  const { code, err } = await run(['gc', '--older-than', '0', '--data', data])
  expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(`models/${FIRST}/model`) })
  for (const sha1 of MADE) await stat(join(data, blobOf(sha1)))
})

test('export and import carry a store over, offline and from a store that runs', async () => {
  const data = await filled.copy()
  const folder = await newFolder()
  const [offline, online] = [join(folder, 'offline.tar'), join(folder, 'online.tar')]
  const exported = await run(['export', offline, '--data', data])
  expect(exported).toMatchObject({ code: 0, err: '' })
  expect(exported.out).toMatch(/offline\.tar: \d+ files, \d+ bytes, read again and verified\n$/)
  expect((await stat(offline)).mode & 0o777).toBe(0o600)
  const store = await startTestStore({ dataDir: data })
  expect((await run(['export', online, '--url', store.url, '--data', data])).code).toBe(0)
  await store.close()
  for (const file of [offline, online]) {
    const target = `${file}.data`
    expect(await run(['import', file, '--data', target])).toMatchObject({ code: 0, err: '' })
    expect(await run(['fsck', '--data', target])).toMatchObject({ code: 0 })
    for (const sha1 of MADE) expect(sha1Of(await readFile(join(target, blobOf(sha1))))).toBe(sha1)
    const again = await run(['import', file, '--data', target])
    expect(again).toMatchObject({ code: 2, err: expect.stringMatching(/expected an empty folder, or nothing yet/) })
  }
  const before = await readdir(folder)
  const over = await run(['export', offline, '--data', data])
  expect(over).toMatchObject({ code: 2, err: expect.stringMatching(/expected a file that is not there yet/) })
  await writeFile(online, (await readFile(online)).subarray(0, 5000))
  const cut = await run(['import', online, '--data', join(folder, 'new')])
  expect(cut).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^.*online\.tar: .*expected .*, got .*E_CORRUPT\)\n$/),
  })
  expect(await readdir(folder)).toEqual(before)
})

test('a store that runs is named by its pid, and nothing is touched', async () => {
  const data = await filled.copy()
  await startTestStore({ dataDir: data })
  for (const command of [['fsck'], ['fsck', '--repair'], ['gc'], ['rebuild'], ['export', join(data, '../a.tar')]]) {
    const { code, out, err } = await run([...command, '--data', data])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(`process ${process.pid}: a store runs on this folder. Stop it first.`)
  }
  expect(await readdir(join(data, '..'))).toEqual(['data'])
})

test('a start with a lost registry names the commands that help, and they do', async () => {
  const data = await filled.copy()
  await rm(join(data, 'registry.json'))
  const start = await run(['--data', data, '--port', '0'], {}, MAIN)
  expect(start.code).toBe(1)
  expect(start.err).toContain(`npm run store -- fsck --data "${data}"`)
  expect(start.err).toContain(`npm run store -- rebuild --data "${data}"`)
  expect((await run(['fsck', '--data', data])).code).toBe(1)
  const rebuilt = await run(['rebuild', '--data', data])
  expect(rebuilt).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/task pets: kept.*\n.*: 0 problems/s) })
  await (await startTestStore({ dataDir: data })).close()
  const again = await run(['rebuild', '--data', data])
  expect(again).toMatchObject({ code: 2, err: expect.stringMatching(/expected a lost or damaged registry/) })
})

test.each<[string[], RegExp]>([
  [['polish'], /^expected one of fsck, gc, export, import, rebuild, got "polish"/],
  [['fsck', 'extra'], /^fsck: expected no file, got extra/],
  [['export'], /^export: expected one file, got none/],
  [['import', 'a', 'b'], /^import: expected one file, got a b/],
  [['gc', '--repair'], /^--repair: not an option of gc/],
  [['gc', '--older-than', 'soon'], /^--older-than: expected hours/],
  [['export', 'a', '--url', 'ftp://x'], /^--url: expected the address of a store/],
  [['fsck', '--data', '/nowhere/at/all'], /^\/nowhere\/at\/all: expected the data folder of a store, got no folder/],
  [['fsck', '--colour'], /^Unknown option '--colour'/],
])('%j is refused with a sentence and 2', async (args, message) => {
  const { code, err } = await run(args)
  expect(code).toBe(2)
  expect(err).toMatch(message)
})

test('--help lists every command', async () => {
  const { code, out } = await run(['--help'])
  expect(code).toBe(0)
  for (const word of ['fsck', 'gc', 'export', 'import', 'rebuild', '--repair', '--url', '--data'])
    expect(out).toContain(word)
})
