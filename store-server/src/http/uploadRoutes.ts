import { parse, UploadRequest, type UploadSession } from '@pawprint/protocol'
import type { Store } from '../service/context.ts'
import { noteWeights } from '../service/upkeep.ts'
import { type ApiAnswer, countOf, jsonOf, ok, paramOf, type Route, uploadOf } from './route.ts'

const uploadAnswer = (session: UploadSession, status = 200): ApiAnswer => ({
  ...ok(session, status),
  headers: { 'upload-offset': String(session.offset), 'upload-length': String(session.sizeBytes) },
})

export const uploadRoutes = (store: Store): Route[] => [
  {
    method: 'POST',
    path: '/api/uploads',
    scope: 'agent',
    async handle(request) {
      const session = await store.storage.blobs.createUpload(parse(UploadRequest, await jsonOf(request)))
      if (session.complete) await noteWeights(store, session.sha1, true)
      return uploadAnswer(session, session.complete ? 200 : 201)
    },
  },
  {
    method: 'GET',
    path: '/api/uploads/:id',
    scope: 'agent',
    handle: async (request) => uploadAnswer(await store.storage.blobs.findUpload(paramOf(request, 'id'))),
  },
  {
    method: 'PATCH',
    path: '/api/uploads/:id',
    scope: 'agent',
    async handle(request) {
      const offset = countOf('upload-offset', request.header('upload-offset'))
      return uploadAnswer(await store.storage.blobs.appendUpload(paramOf(request, 'id'), offset, uploadOf(request)))
    },
  },
  {
    method: 'POST',
    path: '/api/uploads/:id/commit',
    scope: 'agent',
    async handle(request) {
      const blob = await store.storage.blobs.commitUpload(paramOf(request, 'id'))
      await noteWeights(store, blob.sha1, true)
      return ok(blob, 201)
    },
  },
]
