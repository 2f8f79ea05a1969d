import { type Field, MAX_NAME_LENGTH, type Task } from '@pawprint/protocol'

/** A kernel that asks for a name. */
export interface Newcomer {
  readonly name: string
  readonly instance: string
  readonly task: Task
  readonly schema: readonly Field[]
  /** Instance of a predecessor that is known to be dead. */
  readonly replaces?: string | undefined
}

/** Who has a name now. */
export interface Holder {
  readonly name: string
  readonly requested: string
  readonly instance: string
  readonly host: string
  readonly pid: number
  readonly task: Task
  readonly schema: readonly Field[]
  readonly presence: 'live' | 'unreachable' | 'gone'
  /** Milliseconds since its last sign of life. */
  readonly silentMs: number
  /** Whether a job of it is not finished. */
  readonly unfinished: boolean
}

/**
 * What becomes of the newcomer: `same` is the holder itself, back; `takeover` brings config and unfinished jobs along;
 * `fresh` starts empty; `held` asks to wait.
 */
export type Claim =
  | { readonly type: 'same' | 'takeover' | 'fresh'; readonly name: string }
  | { readonly type: 'held'; readonly holder: Holder; readonly retryAfterMs: number }

/** A config of the one fits the other: same keys with the same types and ranges. Defaults and descriptions may differ. */
export function sameSchema(a: readonly Field[], b: readonly Field[]): boolean {
  const shape = (fields: readonly Field[]) =>
    JSON.stringify(fields.map(({ key, type, list, min, max }) => [key, type, list, min, max]))
  return shape(a) === shape(b)
}

const fits = (newcomer: Newcomer, holder: Holder): boolean =>
  newcomer.task.name === holder.task.name &&
  JSON.stringify(newcomer.task.classNames) === JSON.stringify(holder.task.classNames) &&
  sameSchema(newcomer.schema, holder.schema)

const withSuffix = (name: string, n: number): string =>
  n === 1 ? name : `${name.slice(0, MAX_NAME_LENGTH - `-${n}`.length)}-${n}`

/**
 * The name a kernel gets. A live connection holds its name. An unreachable holder with the same task and schema is taken over
 * from when its lease has run out, or at once when it is known to be dead; until then the newcomer waits (`held`). A holder
 * that is gone or dead and left nothing unfinished gives its name up to anyone. Everyone else gets a suffix: -2, -3 …
 */
export function claimName(newcomer: Newcomer, holders: readonly Holder[], leaseMs: number): Claim {
  const own = holders.find(
    ({ instance, name, requested }) =>
      instance === newcomer.instance && (name === newcomer.name || requested === newcomer.name),
  )
  if (own) return { type: 'same', name: own.name }
  for (let n = 1; ; n++) {
    const name = withSuffix(newcomer.name, n)
    const holder = holders.find((candidate) => candidate.name === name)
    const claim = holder ? claimFrom(newcomer, holder, leaseMs) : { type: 'fresh' as const, name }
    // Nobody waits for a name that it did not ask for.
    if (claim && (claim.type !== 'held' || n === 1)) return claim
  }
}

function claimFrom(newcomer: Newcomer, holder: Holder, leaseMs: number): Claim | null {
  if (holder.presence === 'live') return null
  const dead = holder.presence === 'gone' || newcomer.replaces === holder.instance
  if (!fits(newcomer, holder)) return dead && !holder.unfinished ? { type: 'fresh', name: holder.name } : null
  if (dead || holder.silentMs >= leaseMs) return { type: 'takeover', name: holder.name }
  return { type: 'held', holder, retryAfterMs: Math.ceil(leaseMs - holder.silentMs) }
}
