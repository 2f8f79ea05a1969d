import type { Device } from '../choose.ts'
import { nativeProblem } from '../native/addon.ts'

/** Whether the native engine is built here. */
export const isNativeBuilt = nativeProblem() === null

/** What computes here. */
export const DEVICES: readonly Device[] = isNativeBuilt ? ['cpu', 'native'] : ['cpu']

/** The same, as a caller asks for them. */
export const BACKENDS = isNativeBuilt ? (['onnx', 'native'] as const) : (['onnx'] as const)
