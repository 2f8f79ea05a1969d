import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CurrentModel, ErrorBody, Model, Sha1 } from '@pawprint/protocol'
import { DemoError, errorBodyOf } from './error.ts'
import { blobPath, currentPath, readBlob, writeWhole } from './folder.ts'
import { retryWaitMs } from './store.ts'

/** A download that brings nothing for this long has ended, in ms. */
const STALLED_MS = 60_000

export interface MirrorOptions {
  readonly folder: string
  /** The store's address, `ws:` or `wss:`. */
  readonly url: URL
  readonly token: () => Promise<string | null>
  /** Fetch every model, even into a folder that holds a store. */
  readonly always: boolean
  readonly refuse: (task: string, sha1: Sha1, error: ErrorBody) => void
  readonly random: () => number
}

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )
const exists = (path: string): Promise<boolean> => succeeds(stat(path))

/** Passes chunks on; at the end throws DemoError unless size and sha1 are those of the model, so that nothing else is kept. */
async function* verified(chunks: AsyncIterable<Uint8Array>, model: Model): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha1')
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > model.sizeBytes) break
    hash.update(chunk)
    yield chunk
  }
  if (size !== model.sizeBytes)
    throw new DemoError(
      'E_BLOB_SIZE',
      model.sha1,
      `${model.sizeBytes} bytes`,
      size > model.sizeBytes ? 'more' : `${size}`,
    )
  const got = hash.digest('hex')
  if (got !== model.sha1) throw new DemoError('E_BLOB_HASH', `${model.sha1} sha1`, model.sha1, got)
}

async function download({ folder, url, token }: MirrorOptions, model: Model, signal: AbortSignal): Promise<void> {
  const address = new URL(`/api/models/${model.sha1}/weights`, url.href.replace(/^ws/, 'http'))
  const secret = await token()
  const stalled = new AbortController()
  const timer = setTimeout(() => stalled.abort(new Error(`no bytes for ${STALLED_MS / 1000} s`)), STALLED_MS)
  async function* timed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      timer.refresh()
      yield chunk
    }
  }
  try {
    const answer = await fetch(address, {
      headers: secret === null ? {} : { authorization: `Bearer ${secret}` },
      signal: AbortSignal.any([signal, stalled.signal]),
      redirect: 'error',
    })
    if (!answer.ok || answer.body === null)
      throw new DemoError('E_DOWNLOAD', model.sha1, 'the weights', `status ${answer.status} from ${address.host}`)
    await writeWhole(blobPath(folder, model.sha1), verified(timed(answer.body), model))
  } finally {
    clearTimeout(timer)
  }
}

/** Keeps a folder like the store's for what is deployed: weights first, then current.json, each whole or not at all. */
export class Mirror {
  private readonly options: MirrorOptions
  private readonly newest = new Map<string, CurrentModel>()
  private readonly working = new Map<string, Promise<void>>()
  private readonly wake = new Map<string, () => void>()
  private readonly ended = new AbortController()
  private isMirror: boolean

  constructor(options: MirrorOptions) {
    this.options = options
    this.isMirror = options.always
  }

  /** Brings a deployment into the folder, where the watcher finds it. Of several of one task the newest wins. */
  accept(current: CurrentModel): void {
    const task = current.task.name
    this.newest.set(task, current)
    this.wake.get(task)?.()
    if (!this.working.has(task)) this.working.set(task, this.work(task))
  }

  /** Ends downloads; resolves when none writes any more. */
  async close(): Promise<void> {
    this.ended.abort(new Error('the demo ends'))
    for (const end of this.wake.values()) end()
    await Promise.all(this.working.values())
  }

  private async work(task: string): Promise<void> {
    const { newest, ended, options } = this
    let tries = 0
    for (let current = newest.get(task); current && !ended.signal.aborted; current = newest.get(task)) {
      try {
        await this.bring(current)
        tries = 0
        if (newest.get(task) === current) newest.delete(task)
      } catch (error) {
        if (ended.signal.aborted) break
        options.refuse(task, current.model.sha1, errorBodyOf(error, 'E_DOWNLOAD'))
        if (newest.get(task) === current) await this.wait(task, retryWaitMs(++tries, options.random()))
      }
    }
    this.working.delete(task)
  }

  private async bring(current: CurrentModel): Promise<void> {
    const { model, task } = current
    const { folder } = this.options
    if (await this.isStores(model)) return
    const path = currentPath(folder, task.name)
    const text = JSON.stringify(current)
    const isHere = await succeeds(readBlob(folder, model))
    if (!isHere) await download(this.options, model, this.ended.signal)
    // An equal file is left alone, so that a reconnection reloads nothing.
    else if ((await readFile(path, 'utf8').catch(() => '')) === text) return
    await writeWhole(path, [Buffer.from(text)])
  }

  /** In the store's own folder all is there already, and current.json is the store's to write. */
  private async isStores(model: Model): Promise<boolean> {
    const { folder } = this.options
    const isOwn = (await exists(join(folder, 'registry.json'))) && (await exists(blobPath(folder, model.sha1)))
    this.isMirror ||= !isOwn
    return !this.isMirror
  }

  /** Ends early when a newer deployment or the end comes. */
  private wait(task: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.wake.set(task, () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
