export type { StoreOptions } from './options.ts'
export type { Times, World } from './service/context.ts'
export { type RunningStore, startStore } from './startStore.ts'
