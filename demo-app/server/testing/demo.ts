import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DemoTask, parseToDemoPage } from '@pawprint/protocol'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type Demo, startDemo } from '../app.ts'
import type { Options } from '../options.ts'

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-demo-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const DEFAULTS = {
  port: 0,
  host: '127.0.0.1',
  store: null,
  mirror: false,
  allowHosts: [],
  token: null,
  certFile: null,
  keyFile: null,
} as const

export interface TestDemo extends Demo {
  readonly folder: string
  readonly lines: string[]
  /** The first line of the log that has this in it, earlier ones included. */
  line(part: string): Promise<string>
}

/** A demo on a free port over a folder of its own, closed after the test. `page`: folder of the built page, none by default. */
export async function testDemo(options: Partial<Options> = {}, page?: string): Promise<TestDemo> {
  const folder = options.folder ?? (await newFolder())
  const lines: string[] = []
  const logged = new EventEmitter()
  const log = (line: string) => {
    lines.push(line)
    logged.emit('line')
  }
  const demo = await startDemo(
    { ...DEFAULTS, folder, ...options },
    // No wait before another try.
    { log, random: () => 0, page: page ?? join(folder, 'page') },
  )
  let closing: Promise<void> | undefined
  const close = () => (closing ??= demo.close())
  onTestFinished(close)
  const line = async (part: string): Promise<string> => {
    for (;;) {
      const found = lines.find((one) => one.includes(part))
      if (found !== undefined) return found
      await once(logged, 'line')
    }
  }
  return { ...demo, close, folder, lines, line }
}

export interface TestPage {
  /** The next state of a task that fits, the present one included. */
  task(name: string, fits: (task: DemoTask) => boolean): Promise<DemoTask>
  /** Every sha1 that was served, in order, without repetition. */
  readonly seen: string[]
}

/** An open page. */
export async function testPage(url: string): Promise<TestPage> {
  const ws = new WebSocket(url.replace('http', 'ws').concat('ws'))
  onTestFinished(() => ws.terminate())
  let tasks: DemoTask[] = []
  const seen: string[] = []
  const waiting = new Set<() => void>()
  ws.on('message', (data) => {
    const message = parseToDemoPage(String(data))
    if (message.type !== 'tasks') return
    tasks = message.tasks
    for (const { served } of tasks) if (served && seen.at(-1) !== served.sha1) seen.push(served.sha1)
    for (const check of [...waiting]) check()
  })
  await new Promise((resolve, reject) => ws.once('message', resolve).once('error', reject))
  return {
    seen,
    task: (name, fits) =>
      new Promise((resolve) => {
        const check = () => {
          const found = tasks.find(({ task }) => task === name)
          if (found === undefined || !fits(found)) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      }),
  }
}
