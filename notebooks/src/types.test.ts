import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as Compiler from 'typescript'
import { expect, test } from 'vitest'
import { NOTEBOOKS } from './testing/run.ts'

// The compiler of a notebook's cells: TypeScript 5.0.4, which looks packages up by `main` and `types`.
const here = createRequire(import.meta.url)
const ts = createRequire(here.resolve('tslab/package.json'))('@tslab/typescript-for-tslab') as typeof Compiler

const IMPORT = "import { adam, connect, type Trial } from '@pawprint/agent'\n"
const REFUSED: [code: string, message: RegExp][] = [
  ["connect('ws://x', { tokn: 'x' })", /tokn/],
  ["connect('ws://x').then((agent) => agent.serve(1))", /ServeOptions/],
  [
    "const f = (trial: Trial) => trial.compile(1, { loss: 'categoricalCrossentropy', optimizer: adam(1) })",
    /LayersModel/,
  ],
  ['const f = (trial: Trial) => trial.seed = 3', /read-only/],
  ["const o = adam('fast')", /number/],
]
const fileOf = (code: string): string =>
  join(NOTEBOOKS, `__types_test_${REFUSED.findIndex(([one]) => one === code)}__.ts`)
const ALL = "export * from '@pawprint/agent'"

/** One program of all sources, each a module of its own: the declarations are read once. */
function programOf(codes: readonly string[]): Compiler.Program {
  const options: Compiler.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    // The numbers of Node10 and ES2022: our own compiler names the former otherwise.
    moduleResolution: 2,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    types: ['node'],
    skipLibCheck: false,
  }
  const sources = new Map(codes.map((code) => [fileOf(code), code === ALL ? code : IMPORT + code]))
  const host = ts.createCompilerHost(options)
  const { readFile, fileExists, getSourceFile } = host
  host.fileExists = (name) => sources.has(name) || fileExists(name)
  host.readFile = (name) => sources.get(name) ?? readFile(name)
  host.getSourceFile = (name, target) => {
    const source = sources.get(name)
    return source === undefined ? getSourceFile(name, target) : ts.createSourceFile(name, source, target)
  }
  return ts.createProgram([...sources.keys()], options, host)
}
const program = programOf([ALL, ...REFUSED.map(([code]) => code)])

const isOurs = (name: string): boolean =>
  /\/(agent|engine|protocol|@pawprint)\//.test(name) && !/node_modules\/(?!@pawprint)/.test(name)
const messages = (diagnostics: readonly Compiler.Diagnostic[]): string[] =>
  diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))

test('tslab brings TypeScript 5.0.4', () => expect(ts.version).toBe('5.0.4'))

test('the agent’s declarations are right in that version, and show no library but TensorFlow.js', () => {
  const ours = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName))
  expect(ours.length).toBeGreaterThan(5)
  for (const file of ours)
    expect(messages([...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])).toEqual([])
  const packages = new Set(
    program.getSourceFiles().map(({ fileName }) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(fileName)?.[1] ?? ''),
  )
  const shown = [...packages].filter((name) => name !== '' && !/^(@tensorflow|@pawprint|@types)\//.test(name))
  expect(
    shown.filter(
      (name) => !['@tslab/typescript-for-tslab', 'undici-types', '@webgpu/types', 'long', 'seedrandom'].includes(name),
    ),
  ).toEqual([])
  expect(ours.filter(({ fileName }) => fileName.includes('/protocol/'))).toEqual([])
})

test.each(REFUSED)('%s is refused', (code, message) => {
  expect(messages(program.getSemanticDiagnostics(program.getSourceFile(fileOf(code)))).join('\n')).toMatch(message)
})
