import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SCOPES, type Scope } from '../core/gate.ts'
import { errnoOf } from '../storage/errno.ts'

/** One token per scope. The operator's is the one that is printed. */
export type Tokens = Readonly<Record<Scope, string>>

const TOKEN_BYTES = 32
const FILES: Tokens = { operator: 'token', agent: 'token-agent', viewer: 'token-viewer' }

/** 32 random bytes, base64url: 43 characters. */
export const drawToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')
export const drawTokens = (): Tokens => ({ operator: drawToken(), agent: drawToken(), viewer: drawToken() })

/** Whole and on disk, or not at all: a store that is killed here must start again by itself. */
async function createToken(path: string): Promise<string> {
  const token = drawToken()
  const next = `${path}.tmp`
  await rm(next, { force: true })
  const file = await open(next, 'wx', 0o600)
  try {
    await file.writeFile(`${token}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
  return token
}

async function readOrCreate(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  })
  if (text === null) return createToken(path)
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
    (['operator', 'agent', 'viewer'] as const).map((scope) => readOrCreate(join(dataDir, FILES[scope]))),
  )
  return { operator: operator ?? '', agent: agent ?? '', viewer: viewer ?? '' }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The scope of a token, or null. Hashing first makes lengths equal, so the comparison takes the same time for every guess. */
export function scopeOfToken(tokens: Tokens, given: string): Scope | null {
  const wanted = digest(given)
  let found: Scope | null = null
  for (const scope of SCOPES) if (timingSafeEqual(digest(tokens[scope]), wanted)) found = scope
  return found
}
