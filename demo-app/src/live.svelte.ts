import { type DemoTask, parseToDemoPage } from '@pawprint/protocol'
import { type Live, type LiveStatus, openLive, showToast } from '@pawprint/ui'
import { sayLive } from './words.ts'

const state = $state<{ status: LiveStatus; tasks: DemoTask[] | null; nowMs: number }>({
  status: { type: 'connecting' },
  tasks: null,
  nowMs: Date.now(),
})
/** What the demo's server says, and the time, a second exact. `tasks` is null before its first word. */
export const live: Readonly<typeof state> = state

let connection: Live | undefined

/** Everything that served while this page was open, as "task sha1". */
const seen = new Set<string>()

/** Says that a task's model was replaced while this page was open (or while it was cut off). */
function announceReplaced(before: readonly DemoTask[], after: readonly DemoTask[]): void {
  for (const { task, served } of after) {
    const old = before.find((one) => one.task === task)?.served ?? null
    if (served === null || served.sha1 === old?.sha1) continue
    showToast({ ...sayLive(old, served, seen.has(`${task} ${served.sha1}`)), sha1: served.sha1, about: task })
  }
}

/** Connects to the page's own server, for ever. Call once. */
export function startLive(): void {
  connection = openLive({
    url: `${location.origin.replace(/^http/, 'ws')}/ws`,
    parse: parseToDemoPage,
    onMessage: (message) => {
      if (message.type !== 'tasks') return
      if (state.tasks !== null) announceReplaced(state.tasks, message.tasks)
      for (const { task, served } of message.tasks) if (served !== null) seen.add(`${task} ${served.sha1}`)
      state.tasks = message.tasks
    },
    onStatus: (status) => {
      state.status = status
    },
  })
  setInterval(() => {
    state.nowMs = Date.now()
  }, 1000)
}

/** Ends the wait for the next try. */
export const tryNow = (): void => connection?.tryNow()
