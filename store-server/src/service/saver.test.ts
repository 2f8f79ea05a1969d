import { expect, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { createLock } from './lock.ts'
import { createSaver } from './saver.ts'

/** Documents whose writes wait until the test lets them through, or fail. */
function slowDocuments() {
  const { documents } = createMemoryStorage()
  const started: { name: string; value: unknown; go(error?: Error): void }[] = []
  return {
    started,
    documents: {
      ...documents,
      write: (name: string, value: unknown) =>
        new Promise<void>((resolve, reject) => {
          const go = (error?: Error) => (error ? reject(error) : documents.write(name, value).then(resolve, reject))
          started.push({ name, value, go })
        }),
    },
  }
}

test('saves that come during a write share the next one, which has the latest value', async () => {
  const { documents, started } = slowDocuments()
  const saver = createSaver(documents)
  let value = { n: 1 }
  const first = saver.save('a', () => value)
  value = { n: 2 }
  const second = saver.save('a', () => value)
  value = { n: 3 }
  const third = saver.save('a', () => value)
  expect(started.map((write) => write.value)).toEqual([{ n: 1 }])
  started[0]?.go()
  await first
  await Promise.resolve()
  expect(started.map((write) => write.value)).toEqual([{ n: 1 }, { n: 3 }])
  started[1]?.go()
  await Promise.all([second, third, saver.settled()])
  expect(await documents.read('a')).toEqual({ n: 3 })
})

test('a write that fails is told to its callers, and the next save writes again', async () => {
  const { documents, started } = slowDocuments()
  const saver = createSaver(documents)
  const failed = saver.save('a', () => ({ n: 1 }))
  const waiting = saver.save('a', () => ({ n: 2 }))
  started[0]?.go(new Error('disk full'))
  await expect(failed).rejects.toThrow('disk full')
  await Promise.resolve()
  started[1]?.go()
  await waiting
  expect(await documents.read('a')).toEqual({ n: 2 })
  await saver.settled()
})

test('what was removed meanwhile is not written', async () => {
  const { documents, started } = slowDocuments()
  await createSaver(documents).save('a', () => undefined)
  expect(started).toEqual([])
})

test('work under one key runs in call order, also after a failure; other keys do not wait', async () => {
  const lock = createLock()
  const done: string[] = []
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const first = lock('a', async () => {
    await gate
    done.push('first')
    throw new Error('broken')
  })
  const second = lock('a', async () => void done.push('second'))
  await lock('b', async () => void done.push('other'))
  open()
  await expect(first).rejects.toThrow('broken')
  await second
  expect(done).toEqual(['other', 'first', 'second'])
})
