import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { testBlobs } from './contract.blobs.ts'
import { testStorage } from './contract.ts'
import { openStorage } from './embedded.ts'

let folder = ''
let count = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawprint-storage-'))
})
afterAll(() => rm(folder, { recursive: true }))

testStorage((options) => openStorage(join(folder, `${++count}`), { ...options, keepFreeBytes: 0 }), testBlobs)
