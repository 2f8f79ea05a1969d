import { type Job, PROTOCOL_VERSION, parseToPage, type ToPage } from '@pawprint/protocol'
import { announce, type Live, type LiveStatus, openLive } from '@pawprint/ui'
import { getLog, getModels, getOlderJobs, probeRight } from './lib/api.ts'
import { addPoints, type Curves, openCurves } from './lib/curves.ts'
import { addEarlier, addLines, type LogBook, markReconnect, openBook, tailAfter } from './lib/logBook.ts'
import { changeOf } from './lib/news.ts'
import { applyMessage, EMPTY_STATE, type PageState, type RecordMessage, withOlder } from './lib/state.ts'

/** Log and curves are drawn at most this often. */
const DRAW_EVERY_MS = 100
const TICK_MS = 1000
const EARLIER_LINES = 20_000

/** The log and curves of one job. They change in place; `version` rises when they do. */
export interface Followed {
  readonly job: string
  readonly book: LogBook
  readonly curves: Curves
}

let records = $state.raw<PageState>(EMPTY_STATE)
let loaded = $state(false)
let status = $state.raw<LiveStatus>({ type: 'connecting' })
let canChange = $state(false)
let followed = $state.raw<Followed | null>(null)
let version = $state(0)
let nowMs = $state(Date.now())
/** The store's clock minus this browser's. */
let skewMs = 0
let live: Live | null = null
let drawing = false

/** What the page shows. Read only: everything here comes from the store. */
export const store = {
  get records(): PageState {
    return records
  },
  /** False until the first snapshot. */
  get loaded(): boolean {
    return loaded
  },
  get status(): LiveStatus {
    return status
  },
  get connected(): boolean {
    return status.type === 'connected'
  },
  /** The operator's right. Without it the page has no actions. */
  get canChange(): boolean {
    return canChange
  },
  get followed(): Followed | null {
    return followed
  },
  /** Rises when log or curves have something new, at most 10 times a second. */
  get version(): number {
    return version
  },
  /** The store's time, moved on once a second. */
  get nowMs(): number {
    return nowMs
  },
}

function drawSoon(): void {
  if (drawing) return
  drawing = true
  setTimeout(() => {
    drawing = false
    version += 1
  }, DRAW_EVERY_MS)
}

function sendFollow({ job, book, curves }: Followed): void {
  live?.send({ type: 'follow', job, afterLog: book.lastSeq, afterMetric: curves.lastSeq })
}

/** Shows log and curves of this job, and no other's. */
export function followJob(job: Job | null): void {
  if (followed?.job === job?.id) return
  if (followed !== null) live?.send({ type: 'unfollow', job: followed.job })
  followed = job === null ? null : { job: job.id, book: openBook(tailAfter(job.logLines)), curves: openCurves() }
  version += 1
  if (followed !== null) sendFollow(followed)
}

/** Goes on with the followed job after a new snapshot: from where the page was cut off. */
function resumeFollow(): void {
  if (followed === null) return
  const job = records.jobs.find(({ id }) => id === followed?.job)
  // A log that is shorter than what the page holds belongs to a store that began anew.
  if (job === undefined || job.logLines < followed.book.lastSeq) {
    followed = null
    return
  }
  markReconnect(followed.book, job.logLines)
  sendFollow(followed)
  drawSoon()
}

/** Reads lines before the first one held. */
export async function loadEarlier(): Promise<void> {
  const now = followed
  const first = now?.book.lines[0]?.seq ?? 1
  if (now === null || first <= 1) return
  const after = Math.max(0, first - 1 - EARLIER_LINES)
  addEarlier(now.book, await getLog(now.job, after, first - 1 - after))
  if (now === followed) version += 1
}

/** Reads the jobs before the oldest one held, with their models. Throws ApiError. */
export async function loadOlderJobs(): Promise<void> {
  const oldest = records.jobs.at(-1)?.number
  if (oldest === undefined) return
  const jobs = await getOlderJobs(oldest)
  const sha1s = jobs.flatMap(({ trials }) => trials.flatMap(({ sha1 }) => sha1 ?? []))
  const models = await getModels(sha1s.filter((sha1) => !records.models.has(sha1)))
  // After a clearing, or a new snapshot, what was asked for may be of another time.
  if (records.jobs.at(-1)?.number === oldest) records = withOlder(records, jobs, models)
}

function onRecord(message: RecordMessage): void {
  const before = records
  records = applyMessage(records, message)
  if (message.type === 'snapshot') {
    loaded = true
    resumeFollow()
  } else {
    const news = changeOf(before, message)
    if (news !== null) announce(news)
  }
  if (message.type === 'cleared') followed = null
}

function onMessage(message: ToPage): void {
  switch (message.type) {
    case 'welcome':
      skewMs = new Date(message.now).getTime() - Date.now()
      nowMs = Date.now() + skewMs
      canChange = message.scope === 'operator'
      return
    case 'refused':
      console.warn('The store refused a message.', message.error)
      return
    case 'log':
      if (followed?.job === message.job && addLines(followed.book, message.lines) > 0) drawSoon()
      return
    case 'metrics':
      if (followed?.job !== message.job) return
      addPoints(followed.curves, message.points)
      drawSoon()
      return
    case 'ping':
      return
    default:
      onRecord(message)
  }
}

function onStatus(next: LiveStatus): void {
  if (next.type === 'lost' && status.type === 'connected') announce('Connection lost. Trying again.')
  if (next.type === 'connected' && status.type === 'lost') announce('Connected again.')
  status = next
}

export const tryNow = (): void => live?.tryNow()

/** Opens the one socket of the page. Call once. */
export function openStore(): void {
  const url = new URL('/ws', location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  live = openLive<ToPage>({
    url: url.href,
    parse: parseToPage,
    hello: { type: 'hello', version: PROTOCOL_VERSION, role: 'page' },
    onMessage,
    onStatus,
    probe: probeRight,
  })
  setInterval(() => {
    nowMs = Date.now() + skewMs
  }, TICK_MS)
  addEventListener('online', tryNow)
}
