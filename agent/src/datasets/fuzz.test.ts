// Archives, records and downloads of strangers: what is wrong with them is an error of ours, and nothing large is taken for it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FUZZ_TIMEOUT_MS, fuzzRuns, spoiled } from '../../../protocol/src/testing/mutate.ts'
import { readTar } from './archives/tar.ts'
import { CIFAR_NAMES_FILE, type CifarFiles } from './cifar10/cifarFiles.ts'
import { CIFAR10_CLASS_NAMES, parseClassNames, parseRecords, RECORD_BYTES } from './cifar10/cifarRecords.ts'
import { DatasetError } from './errors.ts'
import { makeRecords, makeTar } from './testing/testData.ts'

const LIMIT = 4096
const HEADER = 512

/** What `work` throws, if it is one of our own errors; anything else fails the test. */
async function refusalOf(work: () => unknown): Promise<DatasetError | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof DatasetError) return error
    throw error
  }
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const archives = [
  makeTar([
    { name: 'a/b.bin', bytes: Buffer.from('hello') },
    { name: '../../etc/passwd', bytes: Buffer.alloc(700, 1) },
  ]),
  makeTar([
    { name: 'folder/', type: '5' },
    { name: 'link', type: '2' },
  ]),
  makeTar([{ name: 'large', sizeField: '77777777777' }]),
  makeTar([]),
]

test('an archive with mistakes in it gives files that it holds, each within its limit, or an error of ours', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 3 * HEADER }), spoiled(archives))
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 2000 }), async (raw, size) => {
      const refused = await refusalOf(async () => {
        for await (const file of readTar(inPieces(raw, size), () => LIMIT, 'a.tar')) {
          expect(file.bytes.length).toBeLessThanOrEqual(Math.min(LIMIT, raw.length - HEADER))
          expect(file.bytes.buffer.byteLength).toBe(file.bytes.length)
        }
      })
      if (refused) expect(refused.code).toBe('E_FORMAT')
    }),
    { numRuns: fuzzRuns(200) },
  )
})

test('records with mistakes in them are pictures with a known label, or an error of ours', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    spoiled([makeRecords([0, 5, 9]), makeRecords([3]), new Uint8Array(RECORD_BYTES)]),
  )
  await fc.assert(
    fc.asyncProperty(bytes, async (raw) => {
      const files: CifarFiles = new Map([['batch', raw]])
      const refused = await refusalOf(() => {
        const { labels, copyImage } = parseRecords(files, ['batch'], 'set')
        expect(labels.length * RECORD_BYTES).toBe(raw.length)
        const target = new Uint8Array(32 * 32 * 3)
        for (const [i, label] of labels.entries()) {
          expect(CIFAR10_CLASS_NAMES[label]).toBeTypeOf('string')
          copyImage(i, target, 0)
        }
      })
      if (refused) expect(refused.code).toBe('E_FORMAT')
    }),
    { numRuns: fuzzRuns(200) },
  )
})

test('a list of class names is ten different names, or an error of ours', { timeout: FUZZ_TIMEOUT_MS }, async () => {
  const valid = Buffer.from(`${CIFAR10_CLASS_NAMES.join('\n')}\n`)
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), spoiled([valid])), async (raw) => {
      const refused = await refusalOf(() => {
        const names = parseClassNames(new Map([[CIFAR_NAMES_FILE, raw]]), 'set')
        expect(new Set(names).size).toBe(10)
        expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(128)
      })
      if (refused) expect(refused.code).toBe('E_FORMAT')
    }),
    { numRuns: fuzzRuns(300) },
  )
})
