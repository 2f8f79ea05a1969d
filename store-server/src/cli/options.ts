import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const HELP = `npm run store -- COMMAND [options]

  fsck                  checks the whole data folder, byte for byte, and changes nothing
    --repair            also does what is safe: removes temp files of killed processes, cuts torn ends of logs, writes the
                        records of weights and the files of demos again
  gc                    removes weights that no model, deployment or unfinished trial names (a running store does so daily)
    --older-than HOURS  and that were written or asked for longer ago than this (default 24)
  export FILE           writes everything but tokens and unfinished uploads to one tar
    --url URL           from a store that runs, such as http://127.0.0.1:3001; the token is that of the data folder, or
                        PAWPRINT_TOKEN
  import FILE           makes a data folder, which must be empty or not there yet, from such a tar
  rebuild               makes a lost or damaged registry again from jobs, models and deployments

  --data DIR            the data folder (PAWPRINT_DATA, default ./data)
  --help                this text

All but export --url need the store stopped. Exit code: 0 done and all is well, 1 fsck or rebuild leave problems, 2 it
could not be done.
`

/** A command line that cannot be: a sentence for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

interface Place {
  readonly data: string
}
export type Command =
  | { readonly type: 'help' }
  | (Place & { readonly type: 'fsck'; readonly repair: boolean })
  | (Place & { readonly type: 'gc'; readonly graceMs: number })
  | (Place & { readonly type: 'export'; readonly file: string; readonly url: string | null })
  | (Place & { readonly type: 'import'; readonly file: string })
  | (Place & { readonly type: 'rebuild' })

const HOUR_MS = 60 * 60 * 1000
const FLAGS = {
  data: { type: 'string' },
  repair: { type: 'boolean' },
  'older-than': { type: 'string' },
  url: { type: 'string' },
  help: { type: 'boolean' },
} as const
const FLAGS_OF: Readonly<Record<string, readonly string[]>> = {
  fsck: ['repair'],
  gc: ['older-than'],
  export: ['url'],
  import: [],
  rebuild: [],
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function graceOf(text: string | undefined): number {
  const hours = text === undefined ? 24 : Number(text)
  if (text?.trim() === '' || !(hours >= 0 && hours <= 1e6))
    throw new UsageError(`--older-than: expected hours from 0 to 1000000, got ${JSON.stringify(text)}`)
  return hours * HOUR_MS
}

function urlOf(text: string | undefined): string | null {
  if (text === undefined) return null
  if (!/^https?:\/\/[^/]+\/?$/.test(text))
    throw new UsageError(
      `--url: expected the address of a store, such as http://127.0.0.1:3001, got ${JSON.stringify(text)}`,
    )
  return text.replace(/\/$/, '')
}

/** Throws UsageError. The data folder is below `cwd`, as for npm start; the file below where the person typed the command. */
export function readCommand(argv: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Command {
  const { values, positionals } = read(argv)
  const [type = '', file, ...more] = positionals
  if (values.help || argv.length === 0) return { type: 'help' }
  const flags = FLAGS_OF[type]
  if (!flags)
    throw new UsageError(`expected one of ${Object.keys(FLAGS_OF).join(', ')}, got ${JSON.stringify(type)}; see --help`)
  for (const flag of Object.keys(values))
    if (flag !== 'data' && !flags.includes(flag))
      throw new UsageError(`--${flag}: not an option of ${type}; see --help`)
  const takesFile = type === 'export' || type === 'import'
  if (takesFile !== (file !== undefined) || more.length > 0)
    throw new UsageError(
      `${type}: expected ${takesFile ? 'one file' : 'no file'}, got ${positionals.slice(1).join(' ') || 'none'}`,
    )
  // npm runs scripts in the package's folder, and says here where it was called.
  const base = env.INIT_CWD ?? cwd
  const data = resolve(cwd, values.data ?? env.PAWPRINT_DATA ?? 'data')
  if (type === 'fsck') return { type, data, repair: values.repair ?? false }
  if (type === 'gc') return { type, data, graceMs: graceOf(values['older-than']) }
  if (type === 'export') return { type, data, file: resolve(base, file ?? ''), url: urlOf(values.url) }
  if (type === 'import') return { type, data, file: resolve(base, file ?? '') }
  return { type: 'rebuild', data }
}
