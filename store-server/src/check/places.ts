import { parse, Sha1 } from '@pawprint/protocol'

/** What a file of a data folder is for. */
export type Place =
  | { readonly type: 'layout' | 'registry' | 'upkeep' | 'token' | 'journal' | 'index' | 'temp' | 'foreign' }
  | { readonly type: 'job' | 'session' | 'part'; readonly id: string }
  | { readonly type: 'log' | 'metrics'; readonly id: string }
  | { readonly type: 'model' | 'details' | 'blob' | 'record'; readonly sha1: Sha1 }
  | { readonly type: 'deployments'; readonly task: string }
  | { readonly type: 'current'; readonly task: string }

type Named = readonly [RegExp, (name: string) => Place]

const ID = '[A-Za-z0-9_-]{1,64}'
const TASK = '[a-z0-9][a-z0-9-]{0,63}'
const SHA1 = '[0-9a-f]{40}'
const withSha1 =
  (type: 'model' | 'details' | 'blob' | 'record') =>
  (name: string): Place => ({ type, sha1: parse(Sha1, name.replace('/', '')) })

const PLACES: readonly Named[] = [
  [/^(layout)$/, () => ({ type: 'layout' })],
  [/^(registry)\.json$/, () => ({ type: 'registry' })],
  [/^(upkeep)\.json$/, () => ({ type: 'upkeep' })],
  [/^(journal-[ab])\.log$/, () => ({ type: 'journal' })],
  [/^(token(?:-agent|-viewer)?)$/, () => ({ type: 'token' })],
  [/^(index\/[\w-]+-\d+)$/, () => ({ type: 'index' })],
  [new RegExp(`^jobs/(${ID})/job\\.json$`), (id) => ({ type: 'job', id })],
  [new RegExp(`^jobs/(${ID})/log\\.log$`), (id) => ({ type: 'log', id })],
  [new RegExp(`^jobs/(${ID})/metrics\\.log$`), (id) => ({ type: 'metrics', id })],
  [new RegExp(`^models/(${SHA1})/model\\.json$`), withSha1('model')],
  [new RegExp(`^models/(${SHA1})/details\\.json$`), withSha1('details')],
  [new RegExp(`^deployments/(${TASK})\\.log$`), (task) => ({ type: 'deployments', task })],
  [/^blobs-v1\/sha1\/([0-9a-f]{2}\/[0-9a-f]{38})$/, withSha1('blob')],
  [/^blobs-v1\/record\/([0-9a-f]{2}\/[0-9a-f]{38})\.json$/, withSha1('record')],
  [/^uploads\/([A-Za-z0-9_-]{22})\/session\.json$/, (id) => ({ type: 'session', id })],
  [/^uploads\/([A-Za-z0-9_-]{22})\/part$/, (id) => ({ type: 'part', id })],
  [new RegExp(`^deployed/(${TASK})/current\\.json$`), (task) => ({ type: 'current', task })],
]

/** Temp files have the name of their target and one ending more; the demo's file is made under a name with its process id. */
const targetOf = (path: string): string | null => {
  if (!path.endsWith('.tmp')) return null
  return path.slice(0, -'.tmp'.length).replace(/\/\.current\.\d+$/, '/current.json')
}

/** What the file at `path`, below the data folder and with "/" between folders, is for. */
export function placeOf(path: string): Place {
  for (const [pattern, make] of PLACES) {
    const name = pattern.exec(path)?.[1]
    if (name !== undefined) return make(name)
  }
  const target = targetOf(path)
  return { type: target !== null && placeOf(target).type !== 'foreign' ? 'temp' : 'foreign' }
}

/** Folders at the top of the data folder that hold nothing to check: the lock, and what the launcher writes. */
export const UNCHECKED: ReadonlySet<string> = new Set(['lock', 'logs'])
