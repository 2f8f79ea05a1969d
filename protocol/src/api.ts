import * as v from 'valibot'
import { Config } from './fields.ts'
import { Model } from './models.ts'
import { Sha1, Sha256 } from './sha1.ts'
import { Count, Id, Name } from './values.ts'

/** Bodies of the HTTP API (PROTOCOL.md lists calls and answers). */
export const LaunchRequest = v.object({
  notebook: Name,
  /** For this job only, on top of the notebook's current values; checked like a drop. */
  config: v.optional(v.unknown()),
  /** The same id again answers the same job. */
  requestId: v.optional(Id),
})
/** Train on what is in a notebook's folders now, with the values of its last training. */
export const NewDataRequest = v.object({
  /** A model of the notebook's task to begin with, or the one that is deployed; null or absent: weights are drawn. */
  initialWeights: v.optional(v.nullable(v.union([v.literal('deployed'), Sha1], 'a SHA-1 or "deployed"'))),
  /** The same id again answers the same job. */
  requestId: v.optional(Id),
})
export const MoveRequest = v.object({ position: v.pipe(Count, v.minValue(1)) })
export const DeployRequest = v.object({ sha1: Sha1, expectedRevision: v.optional(Count) })
export const ClearRequest = v.object({ confirm: v.literal('clear') })
const blob = { sha1: Sha1, sha256: Sha256, sizeBytes: v.pipe(Count, v.minValue(1)) }
/** What a data folder keeps of each of its blobs. */
export const BlobRecord = v.object(blob)
export const UploadRequest = v.object({
  ...blob,
  /** What the bytes are for; the store reads all but weights only to hash them. */
  kind: v.picklist(['weights', 'checkpoint', 'artifact']),
})
export const UploadSession = v.object({ id: Id, sha1: Sha1, sizeBytes: Count, offset: Count, complete: v.boolean() })
export type UploadSession = v.InferOutput<typeof UploadSession>

/** All but its weights that it takes to run a model. `topology`: the layers-model JSON of TensorFlow.js, or null. */
export const NetworkAnswer = v.object({
  ...v.pick(Model, ['sha1', 'preprocessing', 'classNames']).entries,
  topology: v.unknown(),
})
export type NetworkAnswer = v.InferOutput<typeof NetworkAnswer>

const TokenScope = v.picklist(['viewer', 'agent', 'operator'])
export type TokenScope = v.InferOutput<typeof TokenScope>
/** Answer to the rotation of a token. `file`: in the data folder. `token`: not of the operator, whose file alone has it. */
export const NewToken = v.object({ scope: TokenScope, file: v.string(), token: v.optional(v.string()) })
export type NewToken = v.InferOutput<typeof NewToken>

/** Answer to a dropped config. */
export const ConfigAnswer = v.object({
  config: Config,
  changed: v.array(v.string()),
  ignored: v.array(v.string()),
  trials: Count,
})
export type ConfigAnswer = v.InferOutput<typeof ConfigAnswer>

/** Answers of the demo: `GET /api/current` gives items of the first, `POST /api/predict` one of the second. */
export const ServedModel = v.object({
  task: v.string(),
  sha1: Sha1,
  classNames: v.array(Name),
  testAccuracy: v.nullable(v.number()),
  deployedAt: v.string(),
})
export type ServedModel = v.InferOutput<typeof ServedModel>
export const Prediction = v.object({
  task: v.string(),
  sha1: Sha1,
  /** Every class, best first. */
  predictions: v.array(v.object({ className: Name, probability: v.number() })),
})
export type Prediction = v.InferOutput<typeof Prediction>
