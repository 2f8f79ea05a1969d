import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asRecord } from './jupyter.ts'
import type { Output } from './outputs.ts'

/** A cell with code. `index` is its place among all cells, `number` counts code cells from 1. */
export interface CodeCell {
  readonly index: number
  readonly number: number
  readonly source: string
}

/** A notebook file, kept whole so that what a runner does not know survives. */
export interface NotebookFile {
  readonly json: Readonly<Record<string, unknown>>
  readonly cells: readonly CodeCell[]
}

/** What a cell left. */
export interface CellResult {
  readonly outputs: readonly Output[]
  readonly executionCount: number | null
}

/** Reads nbformat 4. Throws an Error that names the file and what is wrong. */
export function parseNotebook(text: string, path: string): NotebookFile {
  const json = asRecord(readJson(text, path))
  const { cells, nbformat } = json
  if (nbformat !== 4 || !Array.isArray(cells)) throw new Error(`${path}: expected a notebook of format 4`)
  const code = cells.flatMap((cell, index) => {
    const { cell_type, source } = asRecord(cell)
    const lines = Array.isArray(source) ? source.join('') : String(source ?? '')
    return cell_type === 'code' && lines.trim() !== '' ? [{ index, source: lines }] : []
  })
  return { json, cells: code.map((cell, i) => ({ ...cell, number: i + 1 })) }
}

function readJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${path}: expected JSON, ${error instanceof Error ? error.message : error}`)
  }
}

const linesOf = (text: string): string[] => text.split(/(?<=\n)/)

/** The file's text with these outputs; code cells without a result are left empty. */
export function notebookText({ json }: NotebookFile, results: ReadonlyMap<number, CellResult>): string {
  const cells = (json.cells as unknown[]).map((cell, index) => {
    const record = asRecord(cell)
    if (record.cell_type !== 'code') return cell
    const { outputs = [], executionCount = null } = results.get(index) ?? {}
    const saved = outputs.map((output) =>
      output.output_type === 'stream' ? { ...output, text: linesOf(output.text) } : output,
    )
    return { ...record, execution_count: executionCount, outputs: saved }
  })
  return `${JSON.stringify({ ...json, cells }, null, 1)}\n`
}

/** Throws an Error that names the file and what is wrong. */
export async function readNotebook(path: string): Promise<NotebookFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const problem = error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${error.message}`
    throw new Error(`${path}: ${problem}`, { cause: error })
  })
  return parseNotebook(text, path)
}

/** Replaces a file in one step: a reader sees the old text or the new one. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  // Rename is atomic only inside one file system, so the temp file sits next to its target.
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`)
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
