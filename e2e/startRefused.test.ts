// npm start with options that cannot be, and ports that are taken.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from './pawprint.ts'

const ROOT = join(import.meta.dirname, '..')

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-start-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe('npm start', () => {
  test.each([
    ['--store-port 99999', '--store-port', '99999'],
    ['--demo-port x', '--demo-port', '"x"'],
    ['--fly', '--fly', ''],
  ])('%s is refused, naming flag and value', (args, flag, value) => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/start.mjs', ...args.split(' ')], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stderr).toContain(flag)
    expect(stderr).toContain(value)
    expect(stderr).not.toContain('at file:')
  })

  test('--help is answered, and is no failure', () => {
    const { status, stdout } = spawnSync(process.execPath, ['scripts/start.mjs', '--help'], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    expect(stdout).toContain('--store-port N')
  })

  test('a data folder that cannot be is refused by name', async () => {
    const data = join(await dataFolder(), 'file')
    await writeFile(data, '')
    const args = ['scripts/start.mjs', '--data', data, '--store-port', `${await freePort()}`]
    args.push('--demo-port', `${await freePort()}`)
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toContain(`--data: expected a folder that can be written to, got ${data}`)
    expect(stderr).not.toContain('at file:')
  })

  test.each(['store-port', 'demo-port'])('with its --%s in use says so by port and flag', async (flag) => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const child = spawn(process.execPath, ['scripts/start.mjs', '--data', await dataFolder(), `--${flag}`, `${port}`], {
      cwd: ROOT,
    })
    let output = ''
    child.stderr.on('data', (chunk) => {
      output += String(chunk)
    })
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1)
    expect(output).toContain(`Port ${port} is in use`)
    expect(output).toContain(`--${flag}`)
  })
})
