import { join } from 'node:path'
import type { StoredLine } from '../core/attempts.ts'
import type { JobRecord } from '../core/records.ts'
import { decodeLine, isSeal, linesOf, scanLog } from '../storage/logfile.ts'
import { StorageError } from '../storage/storage.ts'
import { ADVICE, type Finding, note, problem } from './finding.ts'
import { reading } from './walk.ts'

type Take = (record: unknown, number: number) => void

/**
 * Checks the checksum of every record of a log, and gives the good ones to `take`. A damaged log gives none, for what follows
 * the damage has no certain number.
 */
export async function readLog(root: string, path: string, take: Take): Promise<Finding[]> {
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
export async function checkJobLog(root: string, path: string, job: JobRecord | undefined): Promise<Finding[]> {
  if (!job) {
    const orphan = note(path, 'the job that it belongs to', 'no such job', 'Its launch or its clearing was cut off.')
    return [...(await readLog(root, path, () => {})), orphan]
  }
  const watch = createWatch(path, job)
  let count = 0
  const found = await readLog(root, path, (record, number) => {
    count = number
    watch.take(record, number)
  })
  const { logLines } = job.job
  // What was told of the log was on disk before.
  if (found.every(({ level }) => level === 'note') && path.endsWith('/log.log') && count < logLines)
    found.push(problem(path, `at least the ${logLines} lines that the job counts`, `${count}`, ADVICE.restore))
  return [...found, ...watch.findings]
}
