import { join } from 'node:path'
import { parse, Sha1 } from '@pawprint/protocol'
import { blobPath, openBlob, readRecord, recordPath } from '../storage/blobfile.ts'
import { hashFile } from '../storage/digests.ts'
import type { BlobInfo } from '../storage/storage.ts'
import { ADVICE, type Finding, note, problem } from './finding.ts'
import type { FoundRecords } from './records.ts'
import type { FolderEntry } from './walk.ts'

/** What lies under the name of a blob: its digests, or in words why they cannot be had. */
async function lookAt(path: string): Promise<BlobInfo | string> {
  const opened = await openBlob(path)
  if (typeof opened === 'string') return opened
  try {
    const digests = await hashFile(opened.handle)
    const { sha1, sha256 } = digests.digest()
    return { sha1: parse(Sha1, sha1), sha256, sizeBytes: digests.sizeBytes() }
  } finally {
    await opened.handle.close()
  }
}

const showInfo = ({ sha1, sha256, sizeBytes }: BlobInfo): string => `${sizeBytes} bytes, sha1 ${sha1}, sha256 ${sha256}`

/** Checks one blob against its name and its record. `who` needs it; undefined: nobody does. */
async function checkBlob(
  root: string,
  path: string,
  sha1: Sha1,
  who: string | undefined,
): Promise<[BlobInfo | null, Finding[]]> {
  const found = await lookAt(join(root, path))
  if (typeof found === 'string') return [null, [problem(path, 'a plain file', found, ADVICE.remove)]]
  const record = await readRecord(recordPath(root, sha1))
  const isDamaged = found.sha1 !== sha1 || (record !== null && record.sha256 !== found.sha256)
  if (isDamaged) {
    const expected = `bytes with sha1 ${sha1}${record === null ? '' : `, sha256 ${record.sha256}`}`
    if (who === undefined) return [null, [note(path, expected, showInfo(found), `Nobody needs them. ${ADVICE.gc}`)]]
    return [null, [problem(path, `${expected}, needed by ${who}`, showInfo(found), ADVICE.weights)]]
  }
  const findings: Finding[] = []
  if (record === null) {
    const at = `blobs-v1/record/${sha1.slice(0, 2)}/${sha1.slice(2)}.json`
    const text = JSON.stringify(found)
    findings.push(
      note(at, 'a record of the weights', 'none that can be read', ADVICE.start, { type: 'write', path: at, text }),
    )
  }
  if (who === undefined) findings.push(note(path, 'a model that needs these weights', 'none', ADVICE.gc))
  return [found, findings]
}

/** Every blob against its name and its record, and everything that needs weights against the blobs. */
export async function checkWeights(
  root: string,
  entries: readonly FolderEntry[],
  found: FoundRecords,
  needed: ReadonlyMap<Sha1, string>,
  onBlob: (done: number, total: number) => void,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const there = new Map<Sha1, BlobInfo | null>()
  const blobs = entries.flatMap(({ path, place }) => (place.type === 'blob' ? [{ path, sha1: place.sha1 }] : []))
  for (const [i, { path, sha1 }] of blobs.entries()) {
    const [info, problems] = await checkBlob(root, path, sha1, needed.get(sha1))
    there.set(sha1, info)
    findings.push(...problems)
    onBlob(i + 1, blobs.length)
  }
  for (const [sha1, who] of needed)
    if (!there.has(sha1))
      findings.push(problem(blobPath('', sha1), `weights, needed by ${who}`, 'no file', ADVICE.weights))
  for (const [sha1, { model }] of found.models) {
    const info = there.get(model.sha1)
    if (info && (info.sha256 !== model.sha256 || info.sizeBytes !== model.sizeBytes)) {
      const expected = `${model.sizeBytes} bytes, sha256 ${model.sha256}`
      findings.push(problem(`models/${sha1}/model.json`, expected, showInfo(info), ADVICE.restore))
    }
    for (const { name, sha1: of, sizeBytes } of model.artifacts ?? []) {
      const file = there.get(of)
      if (file && file.sizeBytes !== sizeBytes)
        findings.push(
          problem(`models/${sha1}/model.json ${name}`, `${sizeBytes} bytes`, showInfo(file), ADVICE.restore),
        )
    }
  }
  for (const { path, place } of entries)
    if (place.type === 'record' && !there.has(place.sha1) && !needed.has(place.sha1))
      findings.push(note(path, 'the weights that it describes', 'no file', `Nobody needs them. ${ADVICE.gc}`))
  return findings
}
