import { testBlobs } from './contract.blobs.ts'
import { testStorage } from './contract.ts'
import { createMemoryStorage } from './memory.ts'

testStorage(async (options) => createMemoryStorage(options), testBlobs)
