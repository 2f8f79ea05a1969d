// Child processes of npm start: started in order, ended in reverse order, none left behind.
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { ROOT, Stop } from './prepare.mjs'

const KILL_AFTER_MS = 10_000
const END_WITH_PARENT = new URL('./endWithParent.mjs', import.meta.url).href

/** A log is read by more people than a terminal, and for longer. */
const withoutToken = (line) => line.replace(/([?&]token=)[\w.~-]+/g, '$1…')

/**
 * Starts a Node script. Its output goes to `logFile` and, line by line, to `onLine`. The child has a process group of its own,
 * so that Ctrl-C reaches only us and we can end the children in order; by its IPC channel it notices when we are gone.
 */
export function startChild(name, script, { args = [], env = {}, logFile, onLine = () => {} }) {
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  // A full disk must not take the launcher along: the children say themselves what it means to them.
  log.on('error', (error) => console.error(`${logFile} is not written on: ${error.message}`))
  const child = spawn(process.execPath, ['--import', END_WITH_PARENT, script, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  })
  const tail = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (text) => {
      const line = withoutToken(text)
      log.write(`${line}\n`)
      tail.push(line)
      if (tail.length > 20) tail.shift()
      onLine(line)
    })
  }
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  exited.then(() => log.end())
  return {
    name,
    logFile,
    exited,
    /** Resolves with the first line that matches; throws Stop with the last output when the child ends before. */
    async ready(pattern) {
      const seen = new Promise((resolve) => {
        createInterface({ input: child.stdout }).on('line', (line) => pattern.test(line) && resolve(line))
      })
      const line = await Promise.race([seen, exited.then(() => null)])
      if (line === null) throw new Stop(`The ${name} did not start:\n${tail.join('\n')}`)
      return line
    },
    tail: () => tail.join('\n'),
    /** Ends it now. */
    kill: () => child.kill('SIGKILL'),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
      await exited
      clearTimeout(timer)
    },
  }
}
