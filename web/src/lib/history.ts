import type { Deployment } from '@pawprint/protocol'
import { dayOf, longClock, shortClock } from '@pawprint/ui/time'

export interface Entry {
  readonly deployment: Deployment
  /** When the next one took its place; null for the current one. */
  readonly until: string | null
  /** The last entry of a sha1 that does not serve now: the one place to go back to it. */
  readonly canReturn: boolean
}

/** Deployments of one task, newest first, each with its end. */
export function entriesOf(deployments: readonly Deployment[], task: string): Entry[] {
  const own = deployments.filter((deployment) => deployment.task === task).toSorted((a, b) => b.revision - a.revision)
  const seen = new Set<string>(own.slice(0, 1).map(({ sha1 }) => sha1))
  return own.map((deployment, i) => {
    const canReturn = !seen.has(deployment.sha1)
    seen.add(deployment.sha1)
    return { deployment, until: own[i - 1]?.at ?? null, canReturn }
  })
}

/** "Since 14:05:45", "09:31 – 14:05", "Mon 17:20 – today 09:14". */
export function showSpan(from: string, until: string | null, nowMs: number): string {
  const day = dayOf(from, nowMs)
  const start = `${day} ${shortClock(from)}`.trim()
  if (until === null) return `Since ${day === '' ? longClock(from) : start}`
  const endDay = dayOf(until, nowMs)
  const end = endDay === day ? shortClock(until) : `${endDay === '' ? 'today' : endDay} ${shortClock(until)}`
  return `${start} – ${end}`
}

/** "By itself: better than 40.1 %". The reason is the store's. */
export const showReason = ({ by, reason }: Deployment): string =>
  `${by === 'auto' ? 'By itself' : 'By hand'}${reason === '' ? '' : `: ${reason}`}`
