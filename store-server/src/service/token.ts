import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SCOPES, type Scope } from '../core/gate.ts'
import { errnoOf, withNoSpace } from '../storage/errno.ts'
import { StorageError } from '../storage/storage.ts'

/** One token per scope. The operator's is the one that is printed. */
export type Tokens = Readonly<Record<Scope, string>>

const TOKEN_BYTES = 32
const FILE_MODE = 0o600
/** Their files in the data folder. */
export const TOKEN_FILES: Tokens = { operator: 'token', agent: 'token-agent', viewer: 'token-viewer' }

/** 32 random bytes, base64url: 43 characters. */
export const drawToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')
export const drawTokens = (): Tokens => ({ operator: drawToken(), agent: drawToken(), viewer: drawToken() })

/** Whole and on disk, or not at all: a store that is killed here must start again by itself. */
async function writeToken(path: string, token: string): Promise<string> {
  const next = `${path}.tmp`
  await rm(next, { force: true })
  try {
    const file = await open(next, 'wx', FILE_MODE)
    try {
      await file.writeFile(`${token}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(next, path)
  } catch (error) {
    await rm(next, { force: true })
    throw error
  }
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
  return token
}

async function readOrCreate(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  })
  if (text === null) return writeToken(path, drawToken())
  // A token file is its owner's alone, whatever copied it here.
  await chmod(path, FILE_MODE)
  const token = text.trim()
  if (!/^[A-Za-z0-9_-]{20,}$/.test(token))
    throw new Error(
      `${path}: expected a token of at least 20 letters, digits, "-" or "_"; remove the file to get a new one`,
    )
  return token
}

/** The tokens of a data folder, in files `token`, `token-agent` and `token-viewer` that only the owner reads. */
export async function openTokens(dataDir: string): Promise<Tokens> {
  const [operator, agent, viewer] = await Promise.all(
    (['operator', 'agent', 'viewer'] as const).map((scope) => readOrCreate(join(dataDir, TOKEN_FILES[scope]))),
  )
  return { operator: operator ?? '', agent: agent ?? '', viewer: viewer ?? '' }
}

/** Puts another token in the place of a scope's: whole and on disk, or not at all. Throws StorageError E_WRITE, E_NO_SPACE. */
export async function replaceToken(dataDir: string, scope: Scope, token: string): Promise<void> {
  const name = TOKEN_FILES[scope]
  try {
    await writeToken(join(dataDir, name), token)
  } catch (error) {
    const said = withNoSpace(error, name)
    if (said instanceof StorageError) throw said
    throw new StorageError('E_WRITE', name, 'a file that can be written', errnoOf(error), { cause: error })
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The scope of a token, or null. Hashing first makes lengths equal, so the comparison takes the same time for every guess. */
export function scopeOfToken(tokens: Tokens, given: string): Scope | null {
  const wanted = digest(given)
  let found: Scope | null = null
  for (const scope of SCOPES) if (timingSafeEqual(digest(tokens[scope]), wanted)) found = scope
  return found
}
