import { ProtocolError } from '@pawprint/protocol'
import { plain } from '../check/finding.ts'
import { StorageError } from '../storage/storage.ts'
import { exportTo, importFrom } from './archives.ts'
import { fsck, gc, type Progress, rebuild } from './checks.ts'
import { type Command, HELP, readCommand, UsageError } from './options.ts'

const DONE = 0
const PROBLEMS = 1
const COULD_NOT = 2
const PROGRESS_MS = 2000

const say = (line: string): void => console.log(plain(line))

/** A line on stderr every other second, so that long work is seen to go on. */
function createProgress(): Progress {
  let toldMs = performance.now()
  return (what, done, total) => {
    if (performance.now() - toldMs < PROGRESS_MS) return
    toldMs = performance.now()
    console.error(`checked ${done} of ${total} ${what}`)
  }
}

function explain(error: unknown, command: Command | null): string {
  if (error instanceof UsageError) return error.message
  const about = command && 'file' in command ? `${command.file}: ` : ''
  if (error instanceof StorageError && error.code === 'E_LOCKED') {
    const online = command?.type === 'export' ? ' Or take it from the running store, with --url.' : ''
    return `${error.message}: a store runs on this folder. Stop it first.${online}`
  }
  if (error instanceof StorageError || error instanceof ProtocolError) return `${about}${error.message} (${error.code})`
  if (error instanceof Error && 'code' in error) return `${about}${error.message}`
  if (error instanceof TypeError && error.cause instanceof Error) return `${error.message}: ${error.cause.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

async function run(command: Command): Promise<number> {
  const progress = createProgress()
  switch (command.type) {
    case 'help':
      console.log(HELP)
      return DONE
    case 'fsck':
      return (await fsck(command.data, command.repair, say, progress)) > 0 ? PROBLEMS : DONE
    case 'gc':
      await gc(command.data, command.graceMs, say)
      return DONE
    case 'export':
      await exportTo(command.file, command.data, command.url, process.env, say)
      return DONE
    case 'import':
      await importFrom(command.file, command.data, say)
      return DONE
    case 'rebuild':
      return (await rebuild(command.data, Date.now(), say, progress)) > 0 ? PROBLEMS : DONE
    default:
      return unreachable(command)
  }
}

function unreachable(command: never): never {
  throw new TypeError(`unknown command ${JSON.stringify(command)}`)
}

/** Runs the command line; answers the exit code: 0 done, 1 problems are left, 2 it could not be done. */
export async function main(argv: readonly string[]): Promise<number> {
  let command: Command | null = null
  try {
    command = readCommand(argv, process.env, process.cwd())
    return await run(command)
  } catch (error) {
    console.error(plain(explain(error, command)).replaceAll('\\u000a', '\n'))
    return COULD_NOT
  }
}
