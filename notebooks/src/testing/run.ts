import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type RunOptions, runNotebook } from '../runNotebook.ts'

export const NOTEBOOKS = fileURLToPath(new URL('../..', import.meta.url))

/** A folder that ends with the test. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pawprint-notebook-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A notebook file of these code cells. */
export async function writeNotebook(cells: readonly string[]): Promise<string> {
  const file = join(await temporaryFolder(), 'test.ipynb')
  const code = cells.map((source, i) => ({
    cell_type: 'code',
    id: `c${i}`,
    metadata: {},
    outputs: [],
    execution_count: null,
    source,
  }))
  await writeFile(file, JSON.stringify({ cells: code, metadata: {}, nbformat: 4, nbformat_minor: 5 }))
  return file
}

/** Runs a notebook on the real kernel. `printed` and `told` grow while it runs. */
export function run(file: string, change: Partial<RunOptions> = {}) {
  const printed: string[] = []
  const told: string[] = []
  const stop = new AbortController()
  const done = runNotebook({
    file,
    cwd: NOTEBOOKS,
    env: process.env,
    serve: false,
    signal: stop.signal,
    print: (text) => printed.push(text),
    tell: (text) => told.push(text),
    ...change,
  })
  return { done, stop: () => stop.abort(new Error('stopped')), printed, told }
}
