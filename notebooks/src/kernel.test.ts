import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { JupyterMessage } from './jupyter.ts'
import { startKernel } from './kernel.ts'
import { addOutput, errorText, NO_OUTPUTS } from './outputs.ts'
import { NOTEBOOKS, run, temporaryFolder, writeNotebook } from './testing/run.ts'

/** Outputs of the code cells, as saved. */
const saved = async (file: string): Promise<{ text?: string[]; data?: Record<string, string>; name?: string }[][]> =>
  JSON.parse(await readFile(file, 'utf8')).cells.map(({ outputs }: { outputs: [] }) => outputs)

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('cells run in order, their outputs are saved where they belong, and 20,000 lines in one tick all arrive', async () => {
  const file = await writeNotebook([
    'const a: number = 2',
    'a + 1',
    // The short form of an earlier cell's variable, which tslab alone does not know.
    'const b = { a }; console.log(b.a * 10)',
    "import { newDisplay } from 'tslab'; const display = newDisplay(); display.text('first')",
    "display.text('second'); console.error('oh')",
    "(display as any).bundle({ 'text/html': '<b>third</b>', 'text/plain': 'third' })",
    'for (let i = 0; i < 20000; i++) console.log("line " + i)',
  ])
  const { done, printed } = run(file)
  await done
  const outputs = await saved(file)
  expect(outputs.pop()).toHaveLength(1)
  expect(
    outputs.map((cell) => cell.map(({ text, data, name }) => [name ?? '', ...(text ?? Object.values(data ?? {}))])),
  ).toEqual([[], [['stdout', '3\n']], [['stdout', '20\n']], [['', '<b>third</b>', 'third']], [['stderr', 'oh\n']], []])
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`)
  expect(printed.join('')).toBe(`3\n20\nfirst\nsecond\noh\nthird\n${lines.join('')}`)
})

const BAD: [what: string, code: string, message: RegExp][] = [
  ['throws', "throw new RangeError('too far')", /RangeError: too far/],
  ['rejects', "await Promise.reject(new Error('no'))", /Error: no/],
  ['is wrongly typed', "const wrong: number = 'text'", /Type 'string' is not assignable to type 'number'/],
  [
    'uses the library wrongly',
    "import { connect } from '@pawprint/agent'\nconst agent = await connect(3001)",
    /Argument of type 'number' is not assignable to parameter of type 'string'/,
  ],
]

test('a cell that throws, rejects or is wrongly typed says so with an error of its own, and the kernel lives', async () => {
  let cell = NO_OUTPUTS
  const onOutput = (message: JupyterMessage) => {
    cell = addOutput(cell, message)
  }
  const kernel = await startKernel({ cwd: NOTEBOOKS, env: process.env, onOutput, onSignal: () => undefined })
  onTestFinished(() => kernel.kill())
  for (const [what, code, message] of BAD) {
    let status: unknown
    do {
      cell = NO_OUTPUTS
      status = (await kernel.execute(code, () => undefined)).status
      // For a while after an error tslab turns away whatever was sent with the cell that failed.
    } while (status === 'abort')
    expect([what, status, errorText(cell)]).toEqual([what, 'error', expect.stringMatching(message)])
  }
  await kernel.shutdown(5000)
})

test('a cell that takes too long, and a kernel that ends by itself, are told', async () => {
  const slow = run(await writeNotebook(['await new Promise(() => setInterval(() => undefined, 1e6))']), {
    timeoutMs: 300,
  })
  await expect(slow.done).rejects.toMatchObject({ cell: 1, message: 'not finished after 0.3 s' })
  const dead = run(await writeNotebook(['process.exit(3)']))
  await expect(dead.done).rejects.toThrow(/the kernel ended by itself[\s\S]*exit code 3/)
})

test('a runner that is killed leaves no kernel behind', async () => {
  const file = await writeNotebook(['setInterval(() => undefined, 1e6); console.log("pid " + process.pid + ".")'])
  const runner = spawn(process.execPath, [
    join(NOTEBOOKS, '../scripts/notebook.mjs'),
    file,
    '--serve',
    '--cwd',
    NOTEBOOKS,
  ])
  let said = ''
  for await (const part of runner.stdout) {
    said += part
    if (/pid \d+\./.test(said)) break
  }
  const pid = Number(/pid (\d+)/.exec(said)?.[1])
  expect(isAlive(pid)).toBe(true)
  runner.kill('SIGKILL')
  await once(runner, 'exit')
  // The kernel looks for its parent once a second.
  while (isAlive(pid)) await wait(50)
})

test('a kernel whose Jupyter was killed before it could look ends by itself', async () => {
  const { pid } = spawnSync('true')
  const kernel = spawn(
    process.execPath,
    ['--require', join(NOTEBOOKS, 'kernel/preload.cjs'), '--eval', 'setInterval(() => undefined, 1e6)'],
    { env: { ...process.env, JPY_PARENT_PID: `${pid}` }, stdio: 'ignore' },
  )
  expect(await once(kernel, 'exit')).toEqual([null, 'SIGTERM'])
})

test('a Ctrl-C of the terminal ends the run, and does not interrupt the kernel', async () => {
  const trace = join(await temporaryFolder(), 'signals')
  const file = await writeNotebook([
    "import { appendFileSync } from 'node:fs'",
    `setInterval(() => undefined, 1e6); const note = (name: string) => appendFileSync('${trace}', name)`,
    // Later, as Node forgets listeners of SIGINT that are added while a cell's own code runs.
    "setImmediate(() => process.on('SIGINT', note).on('SIGTERM', (name) => { note(name); process.exit() }))",
  ])
  const command = [join(NOTEBOOKS, '../scripts/notebook.mjs'), file, '--serve', '--cwd', NOTEBOOKS]
  // Detached: the runner gets a process group of its own, as a terminal gives it.
  const runner = spawn(process.execPath, command, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const press = (part: Buffer): void => {
    if (!part.includes('the notebook serves') || runner.pid === undefined) return
    runner.stderr.off('data', press).resume()
    process.kill(-runner.pid, 'SIGINT')
  }
  runner.stderr.on('data', press)
  expect(await once(runner, 'close')).toEqual([0, null])
  expect(await readFile(trace, 'utf8')).toBe('SIGTERM')
})

test('the command ends at a cell that fails, says which and why, and ends with 1; a wrong command line ends with 2', async () => {
  const file = await writeNotebook(['1 + 1', "throw new RangeError('too far')", "console.log('never')"])
  const command = async (...args: string[]) => {
    const child = spawn(process.execPath, [join(NOTEBOOKS, '../scripts/notebook.mjs'), ...args, '--cwd', NOTEBOOKS])
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (part) => (said[name] += String(part)))
    const [code] = await once(child, 'close')
    return { code, ...said }
  }
  const failed = await command(file)
  expect(failed.code).toBe(1)
  expect(failed.stderr).toContain(`${file}: cell 2 failed: RangeError: too far`)
  expect(failed.stdout).not.toContain('never')
  expect((await saved(file)).map((outputs) => outputs.length > 0)).toEqual([true, true, false])
  expect(await command()).toMatchObject({ code: 2, stderr: expect.stringContaining('expected one notebook file') })
  expect(await command('missing.ipynb')).toMatchObject({ code: 1, stderr: expect.stringContaining('missing.ipynb') })
})
