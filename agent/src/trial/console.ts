import { AsyncLocalStorage } from 'node:async_hooks'
import { format } from 'node:util'
import type { LogLevel } from '../types.ts'

type Write = (text: string, level: LogLevel) => void

const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const
const METHODS = Object.keys(LEVELS) as (keyof typeof LEVELS)[]

const current = new AsyncLocalStorage<Write>()
let captured = false

/** Runs `body`; what it and all that it awaits print by `console` also goes to `write`. */
export function withConsole<T>(write: Write, body: () => T): T {
  if (!captured) capture()
  return current.run(write, body)
}

// The methods stay replaced: outside `withConsole` they do what they did.
function capture(): void {
  captured = true
  for (const method of METHODS) {
    const print = console[method].bind(console)
    console[method] = (...values: unknown[]) => {
      print(...values)
      current.getStore()?.(format(...values), LEVELS[method])
    }
  }
}
