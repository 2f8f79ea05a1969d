import { PROTOCOL_VERSION, parseToDemo, parseToPage, type ToDemo, type ToPage } from '@pawprint/protocol'
import { onTestFinished } from 'vitest'
import type { StoreOptions } from '../options.ts'
import { type RunningStore, startStore } from '../startStore.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { openPeer, type TestPeer } from './peer.ts'

/** A store on a free port that ends with the test; in memory unless told otherwise. */
export async function startTestStore(options: StoreOptions = {}): Promise<RunningStore> {
  const storage = options.storage ?? (options.dataDir === undefined ? createMemoryStorage() : undefined)
  const store = await startStore({ port: 0, ...options, ...(storage ? { storage } : {}) })
  onTestFinished(() => store.close())
  return store
}

/** A page that has its snapshot still waiting. */
export async function openTestPage(store: RunningStore, token = store.token): Promise<TestPeer<ToPage>> {
  const page = await openPeer(store.url, token, parseToPage)
  page.send({ type: 'hello', version: PROTOCOL_VERSION, role: 'page' })
  await page.next('welcome')
  return page
}

export async function openTestDemo(store: RunningStore, token = store.token): Promise<TestPeer<ToDemo>> {
  const demo = await openPeer(store.url, token, parseToDemo)
  demo.send({ type: 'hello', version: PROTOCOL_VERSION, role: 'demo', instance: 'demo' })
  await demo.next('welcome')
  return demo
}
