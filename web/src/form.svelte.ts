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
export class Form {
  /** Texts that were typed and are not the store's yet, by key. */
  readonly drafts = new SvelteMap<string, string>()
  answer = $state.raw<Answer | null>(null)
  /** A launch is on its way. */
  sending = $state(false)
  private readonly notebook: () => Notebook
  /** Kept until the launch is answered, so that pressing again after a cut cannot launch twice. */
  private requestId: string | null = null

  constructor(notebook: () => Notebook) {
    this.notebook = notebook
  }

  /** Takes a drop: `read` gives it, or throws DropError. */
  async drop(read: () => Promise<Dropped> | Dropped): Promise<void> {
    this.answer = { type: 'reading' }
    try {
      const { name, config } = await read()
      const before = this.notebook().config
      const result = await this.send(name, config)
      if (result === null) return
      this.drafts.clear()
      const { changed, ignored } = result
      const undo = Object.fromEntries(changed.map((key) => [key, before[key] ?? null]))
      const stay = this.notebook().schema.length - changed.length
      this.answer = { type: 'changed', source: name, changed, stay, ignored, undo }
      announce(`${name}: ${changed.length} values changed.`)
    } catch (error) {
      if (!(error instanceof DropError)) throw error
      this.refuse(error.source, error.detail)
    }
  }

  /** Sends an edited field, if it fits; false when it does not. */
  async commit(key: string): Promise<boolean> {
    const field = this.notebook().schema.find((other) => other.key === key)
    const text = this.drafts.get(key)
    if (field === undefined || text === undefined) return true
    if (problemOf(field, text) !== null) return false
    const value = readField(field, text)
    if (showValue(value) !== showValue(this.notebook().config[key])) {
      if ((await this.send(key, { [key]: value })) === null) return false
      if (this.answer?.type === 'refused') this.answer = null
    }
    // What was typed meanwhile stays.
    if (this.drafts.get(key) === text) this.drafts.delete(key)
    return true
  }

  /** Sends what is still being typed, then launches what the form shows. A refusal is shown, not thrown. */
  async launch(onlaunched: () => void): Promise<void> {
    if (this.sending) return
    this.sending = true
    try {
      for (const key of [...this.drafts.keys()]) if (!(await this.commit(key))) return
      this.requestId ??= newRequestId()
      await launchJob({ notebook: this.notebook().name, requestId: this.requestId })
      this.requestId = null
      onlaunched()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Refused is answered; after a cut nobody knows, and the same id asks again.
      if (error.status !== 0) this.requestId = null
      this.refuse('The launch', error.detail)
    } finally {
      this.sending = false
    }
  }

  async undo(): Promise<void> {
    if (this.answer?.type === 'changed') await this.putBack(this.answer.undo, 'Undone.')
  }

  /** Back to what the notebook declared. */
  reset(): Promise<void> {
    return this.putBack(defaultConfig(this.notebook().schema), 'Back to the notebook’s values.')
  }

  private async putBack(config: Config, said: string): Promise<void> {
    if ((await this.send('The change back', config)) === null) return
    this.drafts.clear()
    this.answer = null
    announce(said)
  }

  /** Sends values; gives the answer of the store, or null when it refused. */
  private async send(source: string, config: unknown) {
    try {
      return await setConfig(this.notebook().name, config)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.refuse(source, error.detail)
      return null
    }
  }

  private refuse(source: string, detail: ErrorBody): void {
    this.answer = { type: 'refused', source, detail }
    announce(`${source} was refused. ${detail.message}`)
  }
}
