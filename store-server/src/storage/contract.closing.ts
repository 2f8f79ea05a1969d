import { expect, test } from 'vitest'
import type { Create } from './contract.ts'
import { declare, refusals, stream, textBytes, upload } from './fixture.ts'

/** What every implementation does when it is closed. */
export function testClosing(create: Create): void {
  test('what was begun is finished, and every change asked for afterwards is refused', async () => {
    const storage = await create()
    const { documents, blobs, logs } = storage
    const { sha1 } = await upload(blobs, textBytes('abc'))
    const other = declare(textBytes('other'))
    const { id } = await blobs.createUpload(other)
    const begun = [documents.write('a', { n: 1 }), logs.append('b', [1])]
    await Promise.all([storage.close(), storage.close()])
    await Promise.all(begun)
    const changes = [
      documents.write('a', { n: 2 }),
      documents.remove('a'),
      logs.append('b', [2]),
      logs.remove('b'),
      blobs.createUpload(other),
      blobs.appendUpload(id, 0, stream(textBytes('other'))),
      blobs.commitUpload(id),
      blobs.commitUpload(`complete-${sha1}`),
      blobs.claim(sha1),
      blobs.remove(sha1),
      blobs.collect(new Set(), 0),
    ]
    expect(await refusals(...changes)).toEqual(Array(changes.length).fill('E_WRITE'))
    await storage.close()
  })
}
