import { type Artifact, type Model, shortSha1, THUMBNAILS_FILE } from '@pawprint/protocol'
import { artifactUrl, weightsUrl } from './api.ts'

interface File {
  readonly href: string
  /** The name that it gets where it is saved; the store says the same. */
  readonly saveAs: string
  readonly shown: string
  readonly sizeBytes: number
}

/** A way to take a model along. */
export interface Download {
  readonly title: string
  /** What it is good for, in one sentence. */
  readonly about: string
  readonly files: readonly File[]
}

/** What of a model can be downloaded now. */
export function downloadsOf(model: Model): Download[] {
  const { sha1, sizeBytes, damagedAt } = model
  // Those are shown with the confusion matrix.
  const artifacts = (model.artifacts ?? []).filter(({ name }) => name !== THUMBNAILS_FILE)
  const short = shortSha1(sha1)
  const fileOf = ({ name, sizeBytes }: Artifact): File => {
    const own = /^tfjs\/(.+)$/.exec(name)?.[1]
    const ending = /\.[^.]+$/.exec(name)?.[0] ?? ''
    return {
      href: artifactUrl(sha1, name),
      saveAs: own ?? `${sha1}${ending}`,
      shown: own ?? `${short}${ending}`,
      sizeBytes,
    }
  }
  const weights: File = {
    href: weightsUrl(sha1),
    saveAs: `${sha1}.safetensors`,
    shown: `${short}.safetensors`,
    sizeBytes,
  }
  const tfjs = artifacts.filter(({ name }) => name.startsWith('tfjs/'))
  const onnx = artifacts.filter(({ name }) => name.endsWith('.onnx'))
  const others = artifacts.filter((one) => !tfjs.includes(one) && !onnx.includes(one))
  const all: Download[] = [
    {
      title: 'Weights',
      about: 'The trained numbers alone, as safetensors: what the SHA-1 is of.',
      files: damagedAt === undefined ? [weights] : [],
    },
    {
      title: 'ONNX',
      about: 'The whole model in one file, for any ONNX runtime: pixels from 0 to 255 in, probabilities out.',
      files: onnx.map(fileOf),
    },
    {
      title: 'TensorFlow.js',
      about: 'For tf.loadLayersModel in a browser: all of these files, in one folder.',
      files: tfjs.map(fileOf),
    },
    { title: 'More', about: 'Files that its agent brought along.', files: others.map(fileOf) },
  ]
  return all.filter(({ files }) => files.length > 0)
}
