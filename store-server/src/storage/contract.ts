import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testClosing } from './contract.closing.ts'
import { refusal, refusals } from './fixture.ts'
import { type Documents, type Kind, type Logs, type Storage, StorageError, type StorageOptions } from './storage.ts'

/** Makes an empty storage. The suites close it. */
export type Create = (options?: StorageOptions) => Promise<Storage>

const BAD_NAMES = [
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  '..',
  '../a',
  'a/../b',
  './a',
  'a.json',
  'a b',
  'a\\b',
  'a\0b',
  'ä',
  'uploads/x',
  'blobs-v1/x',
  'lock/1',
  'a'.repeat(129),
  'a/b/c/d/e/f/g/h/i',
]

/** What every implementation of Documents keeps. */
export function testDocuments(create: Create): void {
  let storage: Storage
  let documents: Documents
  beforeEach(async () => {
    storage = await create()
    documents = storage.documents
  })
  afterEach(() => storage.close())

  test('a document that was never written is null', async () => {
    expect(await documents.read('registry')).toBeNull()
    expect(await documents.read('jobs/none/job')).toBeNull()
  })
  test('what was written is read, as a value of its own', async () => {
    const value = { name: 'Ümläut \u2028 🐾', list: [1, { a: null }], 'odd key/..': true }
    await documents.write('jobs/a/job', value)
    const read = await documents.read('jobs/a/job')
    expect(read).toEqual(value)
    expect(read).not.toBe(value)
    await documents.write('list', [1, 2])
    expect(await documents.read('list')).toEqual([1, 2])
  })
  test('of many writes at once the last one stays', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, n) => documents.write('registry', { n })))
    expect(await documents.read('registry')).toEqual({ n: 99 })
  })
  test('writes and removals of one name happen in call order', async () => {
    const written = documents.write('a', { n: 1 })
    const removed = documents.remove('a')
    const again = documents.write('a', { n: 2 })
    const gone = documents.remove('b')
    await Promise.all([written, removed, again, gone])
    expect(await documents.read('a')).toEqual({ n: 2 })
    await documents.remove('a')
    await documents.remove('a')
    expect(await documents.read('a')).toBeNull()
  })
  test('names are listed by prefix, sorted', async () => {
    for (const name of ['registry', 'jobs/b/job', 'jobs/a/job', 'jobs/a/notes', 'jobs-old/x', 'models/1'])
      await documents.write(name, { name })
    expect(await documents.list('')).toEqual([
      'jobs-old/x',
      'jobs/a/job',
      'jobs/a/notes',
      'jobs/b/job',
      'models/1',
      'registry',
    ])
    expect(await documents.list('jobs/')).toEqual(['jobs/a/job', 'jobs/a/notes', 'jobs/b/job'])
    expect(await documents.list('jobs')).toEqual(['jobs-old/x', 'jobs/a/job', 'jobs/a/notes', 'jobs/b/job'])
    expect(await documents.list('jobs/a/n')).toEqual(['jobs/a/notes'])
    expect(await documents.list('none/')).toEqual([])
  })
  test('all documents of a kind are read with their summaries, and no others; what one of them refuses is told', async () => {
    const names = ['jobs/a/job', 'jobs/b/job', 'jobs/b/notes', 'jobs/job', 'jobs/c/d/job', 'jobs-old/a/job', 'registry']
    const kind: Kind<string> = {
      folder: 'jobs',
      leaf: 'job',
      version: 1,
      summarize(name, value) {
        if ('bad' in Object(value)) throw new StorageError('E_CORRUPT', name, 'good', 'bad')
        return { summary: `${name} \t\n`, record: [value, '\u2028\t🐾'] }
      },
    }
    const all = async () => {
      const read: unknown[] = []
      for await (const some of documents.readAll(kind))
        for (const { name, summary, bytes } of some)
          read.push([name, summary, JSON.parse(Buffer.from(bytes).toString())])
      return read.sort()
    }
    expect(await all()).toEqual([])
    for (const name of names) await documents.write(name, { name })
    const expected = ['jobs/a/job', 'jobs/b/job'].map((name) => [name, `${name} \t\n`, [{ name }, '\u2028\t🐾']])
    expect(await all()).toEqual(expected)
    expect(await all()).toEqual(expected)
    await documents.write('jobs/b/job', { bad: true })
    expect((await refusal(all())).code).toBe('E_CORRUPT')
    await documents.remove('jobs/b/job')
    expect(await all()).toEqual(expected.slice(0, 1))
  })
  test('removing all documents of a folder at once leaves nothing, and the folder can be used again', async () => {
    const names = ['jobs/a/x', 'jobs/a/y', 'jobs/a/z', 'jobs/b/x']
    await Promise.all(names.map((name) => documents.write(name, { name })))
    await Promise.all(names.map((name) => documents.remove(name)))
    expect(await documents.list('')).toEqual([])
    await documents.write('jobs/a/x', { n: 1 })
    expect(await documents.read('jobs/a/x')).toEqual({ n: 1 })
  })
  test.each([[null], [undefined], [3], ['text'], [true]])('%j is no document', async (value) => {
    expect((await refusal(documents.write('a', value))).code).toBe('E_ARGUMENT')
    expect(await documents.read('a')).toBeNull()
  })
  test.each(BAD_NAMES.map((name) => [name]))('the name %j is refused everywhere', async (name) => {
    const calls = [documents.read(name), documents.write(name, {}), documents.remove(name)]
    expect(await refusals(...calls)).toEqual(Array(3).fill('E_ARGUMENT'))
  })
  test.each([['../'], ['/'], ['a/../'], ['*']])('the prefix %j is refused', async (prefix) => {
    expect((await refusal(documents.list(prefix))).code).toBe('E_ARGUMENT')
  })
}

/** What every implementation of Logs keeps. */
export function testLogs(create: Create): void {
  let storage: Storage
  let logs: Logs
  beforeEach(async () => {
    storage = await create()
    logs = storage.logs
  })
  afterEach(() => storage.close())

  test('records are numbered from 1', async () => {
    expect(await logs.count('jobs/a/log')).toBe(0)
    expect(await logs.append('jobs/a/log', ['one', { two: 2 }])).toBe(2)
    expect(await logs.append('jobs/a/log', [[3], null, false])).toBe(5)
    expect(await logs.count('jobs/a/log')).toBe(5)
    expect(await logs.read('jobs/a/log', 0, 10)).toEqual([
      { number: 1, record: 'one' },
      { number: 2, record: { two: 2 } },
      { number: 3, record: [3] },
      { number: 4, record: null },
      { number: 5, record: false },
    ])
  })
  test('appending nothing answers the present count', async () => {
    expect(await logs.append('a', [])).toBe(0)
    const three = logs.append('a', [1, 2, 3])
    expect(await logs.append('a', [])).toBe(3)
    expect(await three).toBe(3)
  })
  test('a log that is not there reads as empty', async () => {
    expect(await logs.read('none', 0, 10)).toEqual([])
    await logs.remove('none')
  })
  test('any text comes back as it was', async () => {
    const texts = ['', '\n', 'a\nb\r\n', '=', '\u2028', '\0', '🐾', '\ud800', '"\\', 'x'.repeat(300_000)]
    await logs.append('a', texts)
    await logs.append('a', texts)
    expect((await logs.read('a', 0, 100)).map(({ record }) => record)).toEqual([...texts, ...texts])
  })
  test('appends that do not wait for each other are kept in call order', async () => {
    const sizes = Array.from({ length: 200 }, (_, i) => (i * 7) % 5)
    const ends = await Promise.all(sizes.map((size, i) => logs.append('a', Array(size).fill(i))))
    let total = 0
    expect(ends).toEqual(sizes.map((size) => (total += size)))
    const kept = (await logs.read('a', 0, total + 1)).map(({ record }) => record)
    expect(kept).toEqual(sizes.flatMap((size, i) => Array(size).fill(i)))
  })
  test('logs are separate', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `jobs/${i}/log`)
    await Promise.all(names.flatMap((name) => [logs.append(name, [name]), logs.append(name, [2])]))
    for (const name of names) expect(await logs.read(name, 0, 9)).toMatchObject([{ record: name }, { record: 2 }])
  })
  test.each([[false], [true]])('a read gives what a slice of the records gives; released: %j', async (isReleased) => {
    const records = Array.from({ length: 2000 }, (_, i) => ({ i, text: 'line '.repeat(i % 50) }))
    for (let at = 0; at < records.length; at += 90) await logs.append('a', records.slice(at, at + 90))
    if (isReleased) logs.release('a')
    const after = fc.oneof(
      fc.integer({ min: 0, max: 2100 }),
      fc.constantFrom(255, 256, 257, 512, 1889, 1890, 1935, 1936, 1937, 1999, 2000),
    )
    await fc.assert(
      fc.asyncProperty(after, fc.integer({ min: 0, max: 600 }), async (start, limit) => {
        const expected = records.slice(start, start + limit).map((record) => ({ number: record.i + 1, record }))
        expect(await logs.read('a', start, limit)).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
  test('a removed log begins anew at 1, also for an append that does not wait', async () => {
    const before = logs.append('a', ['old', 'old'])
    const removed = logs.remove('a')
    const after = logs.append('a', ['new'])
    expect(await Promise.all([before, removed, after])).toEqual([2, undefined, 1])
    expect(await logs.read('a', 0, 9)).toEqual([{ number: 1, record: 'new' }])
  })
  test.each([[undefined], [() => 1], [Symbol('s')]])('%s is no record, and none beside it is kept', async (record) => {
    expect((await refusal(logs.append('a', ['good', record]))).code).toBe('E_ARGUMENT')
    expect(await logs.count('a')).toBe(0)
  })
  test.each(BAD_NAMES.map((name) => [name]))('the name %j is refused everywhere', async (name) => {
    const calls = [logs.append(name, [1]), logs.read(name, 0, 1), logs.count(name), logs.remove(name)]
    expect(await refusals(...calls)).toEqual(Array(4).fill('E_ARGUMENT'))
  })
}

/** All suites, for one implementation. */
export function testStorage(create: Create, testBlobs: (create: Create) => void): void {
  describe('documents', () => testDocuments(create))
  describe('blobs', () => testBlobs(create))
  describe('logs', () => testLogs(create))
  describe('closing', () => testClosing(create))
}
