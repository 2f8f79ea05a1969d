import * as ort from 'onnxruntime-node'
import { EngineError } from '../errors.ts'
import type { Runtime, RuntimeOptions, RuntimeTensor } from '../runtime.ts'

/**
 * Compiles the bytes of an ONNX file. This is the only file that knows onnxruntime. What an execution provider does not have runs on the
 * CPU. Throws EngineError `E_INPUT` for a device that is not there.
 */
export async function openRuntime(model: Uint8Array, { device, threads }: RuntimeOptions): Promise<Runtime> {
  const session = await createSession(model, {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // Waiting threads sleep: steadier on few cores, and no cost on one. Moments of weights that get no gradient fade into denormal
    // numbers, with which some processors are many times slower: they count as zero.
    extra: { session: { intra_op: { allow_spinning: '0' }, set_denormal_as_zero: '1' } },
  })
  return {
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, tensor]) => [name, toOrt(tensor)] as const)
      const outputs = await session.run(Object.fromEntries(feeds))
      return new Map(Object.entries(outputs).map(([name, tensor]) => [name, floatsOf(name, tensor)]))
    },
    close: () => session.release(),
  }
}

async function createSession(model: Uint8Array, options: ort.InferenceSession.SessionOptions) {
  try {
    return await ort.InferenceSession.create(model, options)
  } catch (cause) {
    const [device] = options.executionProviders ?? []
    if (device === 'cpu') throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    const expected = 'an NVIDIA GPU and the libraries of `node node_modules/onnxruntime-node/script/install.js`'
    throw new EngineError('E_INPUT', `${device}`, expected, message, { cause })
  }
}

function toOrt(tensor: RuntimeTensor): ort.Tensor {
  const dims = [...tensor.shape]
  switch (tensor.type) {
    case 'float32':
      return new ort.Tensor('float32', tensor.data, dims)
    case 'int32':
      return new ort.Tensor('int32', tensor.data, dims)
    case 'int64':
      return new ort.Tensor('int64', tensor.data, dims)
    case 'uint8':
      return new ort.Tensor('uint8', tensor.data, dims)
  }
}

function floatsOf(name: string, tensor: ort.Tensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data
  throw new Error(`output ${name} is ${tensor.type}, not float32`)
}
