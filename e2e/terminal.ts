import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A command that runs as in a terminal of its own. */
export interface Terminal {
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>
  /** As this wait does; rejects when the command ends before, with what it printed. */
  meanwhile(wait: Promise<void>): Promise<void>
  /** Ctrl-C, which a terminal sends to the shell and to all that the shell began. */
  interrupt(): void
  /** Ends all of it, if it still runs. */
  kill(): void
}

/** Types a command into a shell, in this folder; `env` beside the process's own variables. */
export function openTerminal(command: string, cwd: string, env: Readonly<Record<string, string>>): Terminal {
  const child = spawn('sh', ['-c', command], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group, as a terminal has one.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const ended = once(child, 'close')
  const broken = async (): Promise<never> => {
    const [code] = await ended
    throw new Error(`${command} ended with code ${code}:\n${output}`)
  }
  const send = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal)
  }
  return {
    ended,
    meanwhile: (wait) => Promise.race([wait, broken()]),
    interrupt: () => send('SIGINT'),
    kill: () => send('SIGKILL'),
  }
}
