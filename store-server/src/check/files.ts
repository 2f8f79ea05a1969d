import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProtocolError, parse, UploadRequest } from '@pawprint/protocol'
import { ADVICE, type Finding, note, problem } from './finding.ts'
import { bytesOrNull, type FolderEntry, modeOf } from './walk.ts'

const OTHERS = 0o077

/** Files beside the records: what is foreign, left behind, of the wrong kind, or open to others. */
export async function checkFiles(root: string, entries: readonly FolderEntry[]): Promise<Finding[]> {
  const findings: Finding[] = []
  const sessions = new Set(entries.flatMap(({ place }) => (place.type === 'session' ? [place.id] : [])))
  for (const { path, place, isFile } of entries) {
    if (place.type === 'foreign') findings.push(note(path, 'a file of the store', 'another one', ADVICE.foreign))
    // Blobs say this themselves.
    else if (!isFile && place.type !== 'blob')
      findings.push(problem(path, 'a plain file', 'something else', ADVICE.remove))
    else if (place.type === 'temp')
      findings.push(note(path, 'nothing', 'a temp file', ADVICE.temp, { type: 'remove', path }))
    else if (place.type === 'token') findings.push(...(await checkToken(root, path)))
    else if (place.type === 'session') findings.push(...(await checkSession(root, path, place.id)))
    else if (place.type === 'part' && !sessions.has(place.id))
      findings.push(
        note(path, 'an upload session', 'bytes without its declaration', ADVICE.start, { type: 'remove', path }),
      )
  }
  return findings
}

async function checkToken(root: string, path: string): Promise<Finding[]> {
  const mode = await modeOf(root, path)
  const text = (await bytesOrNull(root, path))?.toString('utf8').trim() ?? ''
  const findings: Finding[] = []
  if ((mode & OTHERS) !== 0)
    findings.push(problem(path, 'mode 600: only its owner reads it', mode.toString(8), `chmod 600 ${path}`))
  // The token itself is never shown.
  if (!/^[A-Za-z0-9_-]{20,}$/.test(text))
    findings.push(
      problem(path, 'a token of 20 or more characters', `${text.length} others`, 'Remove the file to get a new one.'),
    )
  return findings
}

async function checkSession(root: string, path: string, id: string): Promise<Finding[]> {
  const dropped = 'The next start drops it; whoever uploads begins again.'
  try {
    const { sizeBytes } = parse(UploadRequest, JSON.parse((await bytesOrNull(root, path))?.toString('utf8') ?? ''))
    const part = await lstat(join(root, 'uploads', id, 'part')).catch(() => null)
    if (part === null || part.size <= sizeBytes) return []
    return [note(`uploads/${id}/part`, `at most ${sizeBytes} bytes`, `${part.size}`, 'Its commit is refused.')]
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ProtocolError)) throw error
    return [note(path, 'the declaration of an upload', error.message, dropped)]
  }
}
