import { StoreError } from '../core/error.ts'
import type { Store } from '../service/context.ts'
import type { BlobInfo } from '../storage/storage.ts'
import { isKnown, partOf } from './range.ts'
import { type ApiAnswer, type ApiRequest, ok } from './route.ts'

const FOR_EVER = 'private, max-age=31536000, immutable'

/** A blob, whole or a part, to be saved as `fileName`. `fixed`: its address never has other bytes, so a client may keep them for ever. */
export function blobAnswer(
  store: Store,
  request: ApiRequest,
  { sha1, sha256, sizeBytes }: BlobInfo,
  { fileName, fixed }: { readonly fileName: string; readonly fixed: boolean },
): ApiAnswer {
  const etag = `"${sha256}"`
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': fixed ? FOR_EVER : 'private, no-cache',
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${fileName}"`,
  }
  if (isKnown(request.header('if-none-match'), etag)) return { status: 304, bytes: null, headers }
  const part = partOf(request.header('range'), request.header('if-range'), etag, sizeBytes)
  if (part.type === 'beyond') {
    const error = new StoreError('E_RANGE', 'range', `bytes of ${sizeBytes}`, request.header('range') ?? '')
    return { ...ok({ error: error.toBody() }, 416), headers: { 'content-range': `bytes */${sizeBytes}` } }
  }
  const { start, end } = part.type === 'all' ? { start: 0, end: sizeBytes } : part
  const range = part.type === 'part' ? { 'content-range': `bytes ${start}-${end - 1}/${sizeBytes}` } : {}
  return {
    status: part.type === 'part' ? 206 : 200,
    bytes: request.method === 'HEAD' ? null : store.storage.blobs.read(sha1, start, end),
    headers: { ...headers, ...range, 'content-length': String(end - start) },
  }
}
