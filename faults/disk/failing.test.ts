// Each operation of the storage on the disk fails, once or from then on: what was acknowledged stays, and it says what is wrong.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { openStorage } from '../../store-server/src/storage/embedded.ts'
import { type Storage, StorageError } from '../../store-server/src/storage/storage.ts'
import { sizeOf, withSeed } from '../random.ts'
import { leftOpen, lookOn } from './interposed.ts'
import { finishUpload, live, lossesOf, nothingTold, type Told } from './story.ts'

vi.mock('node:fs/promises', async (importReal) => {
  const { interpose } = await import('./interposed.ts')
  return interpose(await importReal())
})
afterEach(() => lookOn(null))

/** Of some 250 operations. */
const TRIES = sizeOf({ short: 15, suite: 100, long: 4000 })
const ERRORS = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EINTR']

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-failing-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'data')
}

interface Fault {
  readonly nth: number
  readonly code: string
  readonly forEver: boolean
}

/** A disk that fails as told; `hit` names the operations that did. */
function faulty(root: string, { nth, code, forEver }: Fault): { readonly hit: string[] } {
  const hit: string[] = []
  let count = 0
  lookOn({
    root,
    before(operation, path) {
      if (++count !== nth && !(forEver && count > nth)) return
      hit.push(`${operation} ${path.slice(root.length)}`)
      throw Object.assign(new Error(`${code}: ${operation} ${path}`), { code })
    },
  })
  return { hit }
}

async function countOperations(): Promise<number> {
  let count = 0
  const root = await newFolder()
  lookOn({ root, before: () => void count++ })
  const storage = await openStorage(root, { keepFreeBytes: 0 })
  await live(storage, () => undefined)
  await storage.close()
  lookOn(null)
  return count
}

/** Lives under a fault; answers what was acknowledged, and how it ended. */
async function liveUnder(
  root: string,
  fault: Fault,
): Promise<{ told: Told; error: unknown; storage: Storage | null; hit: string[] }> {
  let told = nothingTold()
  const { hit } = faulty(root, fault)
  let storage: Storage | null = null
  let error: unknown = null
  try {
    storage = await openStorage(root, { keepFreeBytes: 0 })
    await live(storage, (next) => (told = next))
  } catch (problem) {
    error = problem
  }
  return { told, error, storage, hit }
}

/** A disk error reaches the caller with its code: as the storage's own, or as the system's. */
function expectTyped(error: unknown, { code }: Fault, hit: readonly string[]): void {
  if (error === null) return
  const got = error instanceof StorageError ? error.code : Object(error).code
  expect(
    ['E_WRITE', 'E_NO_SPACE', 'E_CORRUPT', code],
    `${hit}: ${error instanceof Error ? error.stack : error}`,
  ).toContain(got)
}

test(
  'one operation that fails loses nothing, is told with a code, and the storage works on or refuses to write',
  { timeout: 600_000 },
  () =>
    withSeed(async (random) => {
      const total = await countOperations()
      for (let i = 0; i < TRIES; i++) {
        const fault = { nth: random.int(1, total), code: random.pick(ERRORS), forEver: random.chance(0.3) }
        const root = await newFolder()
        const { told, error, storage, hit } = await liveUnder(root, fault)
        const about = `${JSON.stringify(fault)} at ${hit[0]}`
        expectTyped(error, fault, hit)
        lookOn(null)
        if (storage !== null) {
          // The disk works again: so does the storage, unless what it dropped is not known.
          const probe = await storage.documents.write('registry', { n: told.registry || 1 }).then(
            () => null,
            (refusal: unknown) => refusal,
          )
          if (probe !== null) {
            expect(probe, about).toMatchObject({ code: 'E_WRITE' })
            expect(
              hit.some((operation) => /^(sync|datasync|truncate) /.test(operation)),
              `${about}: ${probe}`,
            ).toBe(true)
          } else if (told.registry > 0) expect(await lossesOf(storage, told), about).toEqual([])
          await storage.close()
        }
        expect(leftOpen(), about).toEqual([])
        const again = await openStorage(root, { keepFreeBytes: 0 })
        expect(await lossesOf(again, told), `${about}, after a restart`).toEqual([])
        await finishUpload(again.blobs, told)
        await again.close()
      }
    }),
)
