import { type Config, defaultConfig, type ErrorBody, type Notebook } from '@pawprint/protocol'
import { announce } from '@pawprint/ui'
import { SvelteMap } from 'svelte/reactivity'
import { ApiError, launchJob, newRequestId, setConfig } from './lib/api.ts'
import { DropError, type Dropped } from './lib/dropped.ts'
import { problemOf, readField, showValue } from './lib/fieldText.ts'

/** What became of a drop, said below the box. */
export type Answer =
  | { readonly type: 'reading' }
  | {
      readonly type: 'changed'
      readonly source: string
      readonly changed: readonly string[]
      readonly stay: number
      readonly ignored: readonly string[]
      /** The values before, of the keys that were changed. */
      readonly undo: Config
    }
  | { readonly type: 'refused'; readonly source: string; readonly detail: ErrorBody }

/** The form of one notebook: what is being typed, and the answer to the last drop. The values themselves are the store's. */
export function createForm(notebook: () => Notebook) {
  /** Texts that were typed and are not the store's yet, by key. */
  const drafts = new SvelteMap<string, string>()
  let answer = $state.raw<Answer | null>(null)
  let sending = $state(false)
  /** Kept until the launch is answered, so that pressing again after a cut cannot launch twice. */
  let requestId: string | null = null

  const refuse = (source: string, detail: ErrorBody): void => {
    answer = { type: 'refused', source, detail }
    announce(`${source} was refused. ${detail.message}`)
  }

  /** Sends values; gives the answer of the store, or null when it refused. */
  async function send(source: string, config: unknown) {
    try {
      return await setConfig(notebook().name, config)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refuse(source, error.detail)
      return null
    }
  }

  /** Takes a drop: `read` gives it, or throws DropError. */
  async function drop(read: () => Promise<Dropped> | Dropped): Promise<void> {
    answer = { type: 'reading' }
    try {
      const { name, config } = await read()
      const before = notebook().config
      const result = await send(name, config)
      if (result === null) return
      drafts.clear()
      const { changed, ignored } = result
      const undo = Object.fromEntries(changed.map((key) => [key, before[key] ?? null]))
      answer = {
        type: 'changed',
        source: name,
        changed,
        stay: notebook().schema.length - changed.length,
        ignored,
        undo,
      }
      announce(`${name}: ${changed.length} values changed.`)
    } catch (error) {
      if (!(error instanceof DropError)) throw error
      refuse(error.source, error.detail)
    }
  }

  /** Sends an edited field, if it fits; false when it does not. */
  async function commit(key: string): Promise<boolean> {
    const field = notebook().schema.find((other) => other.key === key)
    const text = drafts.get(key)
    if (field === undefined || text === undefined) return true
    if (problemOf(field, text) !== null) return false
    const value = readField(field, text)
    if (showValue(value) !== showValue(notebook().config[key])) {
      const result = await send(key, { [key]: value })
      if (result === null) return false
      if (answer?.type === 'refused') answer = null
    }
    // What was typed meanwhile stays.
    if (drafts.get(key) === text) drafts.delete(key)
    return true
  }

  async function putBack(config: Config, said: string): Promise<void> {
    const result = await send('The change back', config)
    if (result === null) return
    drafts.clear()
    answer = null
    announce(said)
  }

  /** Sends what is still being typed, then launches what the form shows. Throws nothing for a refusal: it is shown. */
  async function launch(onlaunched: () => void): Promise<void> {
    if (sending) return
    sending = true
    try {
      for (const key of [...drafts.keys()]) if (!(await commit(key))) return
      requestId ??= newRequestId()
      await launchJob({ notebook: notebook().name, requestId })
      requestId = null
      onlaunched()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Refused is answered; after a cut nobody knows, and the same id asks again.
      if (error.status !== 0) requestId = null
      refuse('The launch', error.detail)
    } finally {
      sending = false
    }
  }

  return {
    drafts,
    get answer() {
      return answer
    },
    get sending() {
      return sending
    },
    drop,
    commit,
    launch,
    undo: () => (answer?.type === 'changed' ? putBack(answer.undo, 'Undone.') : Promise.resolve()),
    reset: () => putBack(defaultConfig(notebook().schema), 'Back to the notebook’s values.'),
  }
}
export type Form = ReturnType<typeof createForm>
