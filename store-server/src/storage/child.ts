import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

const HERE = dirname(fileURLToPath(import.meta.url))
const ROOT = join(HERE, '../../..')

/** The storage as plain JavaScript in `folder`, made from the present sources: tests start it as a process of its own. */
export async function transpileStorage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
  }
  for (const name of (await readdir(HERE)).filter((name) => /^[a-z]+\.ts$/.test(name))) {
    const { outputText } = ts.transpileModule(await readFile(join(HERE, name), 'utf8'), { compilerOptions })
    await writeFile(join(folder, name.replace('.ts', '.js')), outputText)
  }
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  /** What the script told by `say`, in order. */
  readonly said: readonly unknown[]
  readonly stderr: string
}

export interface Child {
  /** Resolves with the first thing that the script says. */
  readonly first: Promise<unknown>
  readonly ended: Promise<Ended>
  kill(): void
}

/**
 * Starts a process that opens `dataDir` as `storage` and runs `script`, the body of an async function. There `say` tells the test a
 * JSON value, before the script goes on, and `storageOf`, `fixture` are the modules of that name.
 */
export function startChild(built: string, dataDir: string, script: string, failpoint = ''): Child {
  const module = (name: string): string => JSON.stringify(pathToFileURL(join(built, name)).href)
  const text = `
    import { writeSync } from 'node:fs'
    import { openStorage } from ${module('embedded.js')}
    import * as fixture from ${module('fixture.js')}
    const say = (value) => writeSync(1, JSON.stringify(value) + '\\n')
    const storage = await openStorage(${JSON.stringify(dataDir)}, { keepFreeBytes: 0 })
    ${script}`
  const env = { ...process.env, ...(failpoint === '' ? {} : { PAWPRINT_FAILPOINT: failpoint }) }
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { env })
  let out = ''
  let stderr = ''
  const lines = (): unknown[] =>
    out
      .split('\n')
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line))
  const first = new Promise<unknown>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (out.includes('\n')) resolve(lines()[0])
    })
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, said: lines(), stderr }))
  })
  return { first, ended, kill: () => child.kill('SIGKILL') }
}
