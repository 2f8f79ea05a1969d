// Starts where a folder is another's, no IPv4 is there, or no home.
import { spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startStoreProcess } from './storeProcess.ts'

async function newFolder(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'pawprint-starts-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  return join(parent, 'data')
}

test('a folder that is another’s is refused with one clear line, and left as it is', async () => {
  const folder = await newFolder()
  await mkdir(folder)
  const isRoot = process.getuid?.() === 0
  if (isRoot) await chown(folder, 65_534, 65_534)
  await chmod(folder, isRoot ? 0o755 : 0o555)
  // Root may do what it wants; without these capabilities it is somebody like everybody else.
  const under = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []
  const { store, ended } = await startStoreProcess(folder, { under })
  expect(store).toBeNull()
  expect(await ended).toMatchObject({
    code: 1,
    err: `--data: ${folder}: expected a folder that this process may use, got EACCES\n`,
  })
  expect(await readdir(folder)).toEqual([])
})

const ASK = 'fetch(process.argv[1]).then(({ status }) => process.stdout.write(String(status)))'
/** What runs a command where no IPv4 is. */
const WITHOUT_IPV4 = [
  'unshare',
  '-n',
  'sh',
  '-c',
  'ip link set lo up && ip addr del 127.0.0.1/8 dev lo && exec "$0" "$@"',
]

test('where no IPv4 is, one clear line says so, and --host ::1 helps; a home is not needed', async () => {
  const withoutHome = [...WITHOUT_IPV4, 'env', '-u', 'HOME']
  const folder = await newFolder()
  const refused = await startStoreProcess(folder, { under: withoutHome })
  expect(await refused.ended).toMatchObject({
    code: 1,
    err: '--host: this machine has no such address (listen EADDRNOTAVAIL: address not available 127.0.0.1)\n',
  })
  const { store, ended } = await startStoreProcess(folder, { under: withoutHome, host: '::1' })
  expect(store?.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  onTestFinished(() => store?.kill())
  // From inside: nobody else reaches it.
  const asked = spawnSync('nsenter', [
    `--target=${store?.pid}`,
    '--net',
    process.execPath,
    '-e',
    ASK,
    `${store?.url}/healthz`,
  ])
  expect(String(asked.stdout)).toBe('200')
  store?.signal('SIGTERM')
  expect(await ended).toMatchObject({ code: 0, err: '' })
})
