import { join } from 'node:path'
import type { StoredLine } from '../core/attempts.ts'
import type { JobRecord } from '../core/records.ts'
import { decodeLine, isSeal, linesOf, scanLog } from '../storage/logfile.ts'
import { StorageError } from '../storage/storage.ts'
import { ADVICE, type Finding, note, problem } from './finding.ts'
import { type Place, placeOf } from './places.ts'
import { type FolderEntry, reading } from './walk.ts'

type Take = (record: unknown, number: number) => void

/** What a journal holds of one log: records `first` and on, as values. */
export interface Journaled {
  readonly first: number
  readonly records: readonly unknown[]
}

/** The records of a log file, checked by their checksums; a damaged file gives none, for what follows has no certain number. */
async function readFileRecords(root: string, path: string, take: Take): Promise<Finding[]> {
  return reading(join(root, path), async (handle) => {
    const { size } = await handle.stat()
    try {
      const { sizeBytes } = await scanLog(handle, path)
      let number = 0
      for await (const lines of linesOf(handle, 0, sizeBytes))
        for (const { bytes } of lines) {
          const json = isSeal(bytes) ? null : decodeLine(bytes)
          if (json !== null) take(JSON.parse(json.toString()), ++number)
        }
      if (size === sizeBytes) return []
      const cut = { type: 'cut', path, sizeBytes } as const
      return [note(path, `an end at byte ${sizeBytes}`, `${size - sizeBytes} torn bytes behind it`, ADVICE.start, cut)]
    } catch (error) {
      if (error instanceof StorageError) return [problem(path, error.expected, error.got, ADVICE.restore)]
      if (error instanceof SyntaxError) return [problem(path, 'records of JSON', error.message, ADVICE.restore)]
      throw error
    }
  })
}

/** Gives every record of a log to `take`: those of its file, if there is one, and then those that a journal still holds. */
export async function readLog(root: string, log: FoundLog, take: Take): Promise<Finding[]> {
  const { path, hasFile, journaled } = log
  let count = 0
  const counted: Take = (record, number) => {
    count = number
    take(record, number)
  }
  const findings = hasFile ? await readFileRecords(root, path, counted) : []
  if (findings.some(({ level }) => level === 'problem')) return findings
  for (const { first, records } of journaled) {
    if (first > count + 1)
      return [...findings, problem(path, `record ${count + 1}`, `record ${first} in the journal`, ADVICE.restore)]
    // Those before were moved to the file already.
    for (const record of records.slice(count - (first - 1))) counted(record, count + 1)
  }
  return findings
}

/** A log as it lies in the folder. */
export interface FoundLog {
  readonly path: string
  readonly place: Extract<Place, { type: 'log' | 'metrics' | 'deployments' }>
  readonly hasFile: boolean
  /** Oldest first. */
  readonly journaled: readonly Journaled[]
}

const isLog = (place: Place): place is FoundLog['place'] =>
  place.type === 'log' || place.type === 'metrics' || place.type === 'deployments'

/** Every log that has a file or records in a journal. What is wrong with the journals goes to `findings`. */
export async function findLogs(
  root: string,
  entries: readonly FolderEntry[],
  findings: Finding[],
): Promise<FoundLog[]> {
  const journaled = new Map<string, Journaled[]>()
  for (const { path, place, isFile } of entries) {
    if (place.type !== 'journal' || !isFile) continue
    const found = await readFileRecords(root, path, (record) => {
      const { name, first, records } = Object(record)
      const log = `${String(name)}.log`
      if (typeof first === 'number' && Array.isArray(records))
        journaled.set(log, [...(journaled.get(log) ?? []), { first, records }])
    })
    findings.push(...found)
  }
  const files = new Set(entries.filter(({ isFile }) => isFile).map(({ path }) => path))
  const paths = new Set([...files, ...journaled.keys()])
  return [...paths].flatMap((path) => {
    const place = placeOf(path)
    const inOrder = (journaled.get(path) ?? []).toSorted((a, b) => a.first - b.first)
    return isLog(place) ? [{ path, place, hasFile: files.has(path), journaled: inOrder }] : []
  })
}

/** Watches that records belong to trials of the job, and that their numbers rise within each attempt. */
function createWatch(path: string, job: JobRecord) {
  const last = new Map<string, number>()
  const findings: Finding[] = []
  const take: Take = (record, number) => {
    // Only its checksum vouches for its shape; a stranger's record gives undefined and fails the tests below.
    const { trial, attempt, n } = Object(record) as Partial<StoredLine>
    const at = `${path} record ${number}`
    if (trial === null && attempt === 0 && n === 0) return
    const known = typeof trial === 'number' ? job.job.trials[trial] : undefined
    if (!known || typeof attempt !== 'number' || typeof n !== 'number' || attempt > known.attempt) {
      const got = `trial ${String(trial)}, attempt ${String(attempt)}`
      findings.push(problem(at, 'an attempt that the job has made', got, ADVICE.restore))
      return
    }
    if (n === 0) return
    const key = `${trial}/${attempt}`
    const before = last.get(key) ?? 0
    if (n <= before)
      findings.push(
        problem(at, `a number above ${before} in attempt ${attempt} of trial ${trial}`, `${n}`, ADVICE.restore),
      )
    last.set(key, n)
  }
  return { take, findings }
}

/** Checks the log or the curves of a job. */
export async function checkJobLog(root: string, log: FoundLog, job: JobRecord | undefined): Promise<Finding[]> {
  const { path } = log
  if (!job) {
    const orphan = note(path, 'the job that it belongs to', 'no such job', 'Its launch or its clearing was cut off.')
    return [...(await readLog(root, log, () => {})), orphan]
  }
  const watch = createWatch(path, job)
  let count = 0
  const found = await readLog(root, log, (record, number) => {
    count = number
    watch.take(record, number)
  })
  const { logLines } = job.job
  // What was told of the log was on disk before.
  if (found.every(({ level }) => level === 'note') && path.endsWith('/log.log') && count < logLines)
    found.push(problem(path, `at least the ${logLines} lines that the job counts`, `${count}`, ADVICE.restore))
  return [...found, ...watch.findings]
}
