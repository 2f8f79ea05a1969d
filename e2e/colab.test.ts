// The notebook for machines with a Python kernel only, on Debian's kernel and against a store that speaks TLS.
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { makeCertificate } from '../store-server/src/testing/certificate.ts'
import { startTestStore } from '../store-server/src/testing/testStore.ts'
import {
  askOver,
  cellOf,
  errorsOf,
  execute,
  FILE,
  type NotebookJson,
  newFolder,
  python,
  ROOT,
  readJson,
  textOf,
} from './colab.ts'
import { finished, launch, modelOf, notebookOf, until } from './pawprint.ts'

const TINY = { EPOCHS: 1, BATCH_SIZE: 100, NUM_FILTERS: [2], DENSE_WIDTH: [4], KERNEL_SIZE: [3], LEARNING_RATE: [0.01] }

/** Says when it runs, and a goodbye. */
const LONG_PROGRAM = `
  process.on('SIGINT', () => { console.log('goodbye'); process.exit() })
  setInterval(() => {}, 1000)
  require('node:fs').writeFileSync('is-running', '')`

test('the committed notebook is for a Python kernel and has no outputs', async () => {
  const notebook = await readJson(FILE)
  expect(notebook).toMatchObject({ metadata: { kernelspec: { name: 'python3' } } })
  const code = notebook.cells.filter((cell) => cell.cell_type === 'code')
  expect(code.map(({ source }) => Number(/^# (\d)/.exec(source[0] ?? '')?.[1]))).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(code.map(({ outputs, execution_count }) => [outputs, execution_count])).toEqual(code.map(() => [[], null]))
})

/** A store that speaks TLS, and what a notebook's kernel needs to reach it and to train on drawn shapes. */
async function openStore() {
  const { cert, key, certFile } = await makeCertificate('DNS:localhost')
  const store = await startTestStore({ tls: { cert, key } })
  const folder = await newFolder()
  const env = (exitAfterIdle: string): NodeJS.ProcessEnv => ({
    PAWPRINT_STORE: store.url.replace('https', 'wss'),
    PAWPRINT_TOKEN: store.agentToken,
    NODE_EXTRA_CA_CERTS: certFile,
    PAWPRINT_FOLDER: ROOT,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
    PAWPRINT_EXIT_AFTER_IDLE: exitAfterIdle,
    PAWPRINT_DATASETS: folder,
    PAWPRINT_CIFAR10_URL: 'http://127.0.0.1:9/none.tar.gz',
    XDG_CACHE_HOME: folder,
  })
  return { paw: askOver(store, cert), agentToken: store.agentToken, folder, env }
}

test('on a Python kernel and over wss it trains what is launched, ends when idle, and passes on an interrupt', async () => {
  const { paw, agentToken, folder, env } = await openStore()
  const notebook = await readJson(FILE)
  const serve = await cellOf('serve')
  const long = { ...serve, id: 'long', source: [`run(['node', '-e', ${JSON.stringify(LONG_PROGRAM)}])`] }
  const run = await execute(folder, { ...notebook, cells: [...notebook.cells, long] }, env('8s'))
  const { name } = await run.meanwhile(notebookOf(paw, ({ state }) => state === 'idle'))
  const job = await run.meanwhile(finished(paw, (await launch(paw, name, TINY)).id))
  expect(job).toMatchObject({ state: 'done', trials: [{ state: 'done' }] })
  const sha1 = job.trials[0]?.sha1 ?? ''
  expect(await modelOf(paw, sha1)).toMatchObject({ sha1, origins: [{ job: job.id }] })
  await run.meanwhile(notebookOf(paw, ({ state }) => state === 'gone'))

  const isLong = async () => existsSync(join(folder, 'is-running'))
  await run.meanwhile(until(isLong, (is) => is))
  await run.interrupt()
  const { code, said } = await run.ended
  expect([code, said]).toEqual([0, expect.stringContaining('executed.ipynb')])

  const executed = await readFile(join(folder, 'executed.ipynb'), 'utf8')
  expect(executed + said).not.toContain(agentToken)
  const { cells } = JSON.parse(executed) as NotebookJson
  const cell = (id: string) => cells.find((cell) => cell.id === id)
  expect(cells.flatMap((cell) => errorsOf(cell).map((error) => [cell.id, error]))).toEqual([
    ['long', 'KeyboardInterrupt'],
  ])
  expect(textOf(cell('node'))).toBe(`Node ${process.version}\n`)
  expect(textOf(cell('serve'))).toMatch(/trial 1: done, [0-9a-f]{7}, test accuracy[\s\S]*no trial for 8 s: goodbye\n/)
  expect(textOf(cell('end'))).toContain('This is not Colab')
  expect(textOf(cell('long'))).toBe('Interrupted: waiting for the goodbye …\ngoodbye\n')
})

// A second kernel and runner take as long as the first.
test.runIf(process.env.PAWPRINT_LONG)(
  'an interrupt of the cell that serves ends the runner with a goodbye',
  async () => {
    const { paw, folder, env } = await openStore()
    const run = await execute(folder, await readJson(FILE), env('1h'))
    await run.meanwhile(notebookOf(paw, ({ state }) => state === 'idle'))
    await run.interrupt()
    await notebookOf(paw, ({ state }) => state === 'gone')
    expect(await run.ended).toMatchObject({ code: 0 })
    const { cells } = await readJson(join(folder, 'executed.ipynb'))
    const serve = cells.find(({ id }) => id === 'serve')
    expect([errorsOf(serve), textOf(serve)]).toEqual([
      ['KeyboardInterrupt'],
      expect.stringContaining('Interrupted: waiting for the goodbye …\n'),
    ])
  },
)

test.each([
  ['store.example', "expected an address such as wss://store.example:3001, got 'store.example'"],
  ['ftp://store.example', "got 'ftp://store.example'"],
  ['wss://store.example:3001 token', "got 'wss://store.example:3001 token'"],
])('a store at "%s" is refused before anything is installed, and the token is not told', async (address, error) => {
  const { status, said } = await python(['settings', 'store'], { PAWPRINT_STORE: address })
  expect([status, said]).toEqual([1, expect.stringContaining(error)])
  expect(said).not.toContain('secret-token')
})

test.each([
  ['v24.1.0', 'Node v24.1.0'],
  ['v20.19.0', 'Node v20.19.0'],
  ['v20.18.3', 'Node v22.0.0'],
  ['v18.20.8', 'Node v22.0.0'],
  ['', 'Node v22.0.0'],
])('where Node is "%s", the notebook goes on with %s', async (found, used) => {
  // What nvm does to a machine, without its download: an installer that brings a shell function, which tells a path.
  const home = await newFolder()
  const program = async (path: string, code: string) =>
    writeFile(join(home, path), `#!/bin/sh\n${code}\n`, { mode: 0o755 })
  await mkdir(join(home, 'bin'))
  await mkdir(join(home, 'new'))
  await program('bin/node', `echo ${found}`)
  await program('new/node', 'echo v22.0.0')
  const nvm = `nvm() { case "$1" in which) echo ${home}/new/node ;; esac }`
  await program('bin/curl', `cat <<'END'\necho '${nvm}' > "$NVM_DIR/nvm.sh"\nEND`)
  const path = `${join(home, 'bin')}:/usr/bin:/bin`
  expect(await python(['settings', 'run', 'node'], { HOME: home, PATH: path })).toEqual({
    status: 0,
    said: `${used}\n`,
  })
})
