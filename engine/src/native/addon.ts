import { createRequire } from 'node:module'

/** A compiled program, which the addon holds. */
export type Handle = object

/** One call of a kernel, by name; what the numbers mean is the kernel's. */
export interface Instruction {
  readonly kernel: string
  readonly numbers: Float64Array
}

/** Instructions over one arena of floats. Places are offsets in it. */
export interface Program {
  /** In floats. */
  readonly arenaSize: number
  /** These lie at the start of the arena. */
  readonly constants: Float32Array
  /** Four numbers each: place, size, element (0 float, 1 int, 2 byte), and 1 where each step has its part. */
  readonly inputs: Float64Array
  /** Three numbers each: place, size, and 1 where each step gives its part. */
  readonly outputs: Float64Array
  readonly instructions: readonly Instruction[]
  readonly threads: number
}

/** `engine/native`, as JavaScript sees it. */
export interface Addon {
  /** Of oneDNN, "2.6.3". */
  readonly version: string
  /** Names of the functions that a chain may hold; an instruction names them by their place here. */
  readonly functions: readonly string[]
  /** Throws for an unknown kernel, too few or too many numbers. */
  compile(program: Program): Handle
  /** Runs on the calling thread, which it blocks, and writes `outputs`. Throws for arrays of another kind or length. */
  run(handle: Handle, steps: number, inputs: readonly ArrayBufferView[], outputs: readonly Float32Array[]): void
}

const BUILT = '../../native/build/Release/pawprint.node'

let loaded: { readonly addon: Addon } | { readonly problem: string } | undefined

function load() {
  try {
    // The addon's own types are those above; TypeScript cannot see them.
    return { addon: createRequire(import.meta.url)(BUILT) as Addon }
  } catch (error) {
    return { problem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}

/** Why the native engine cannot be used; null where it can. It is there after `npm run build:native`. */
export function nativeProblem(): string | null {
  loaded ??= load()
  return 'problem' in loaded ? loaded.problem : null
}

/** Throws where it was not built. */
export function nativeAddon(): Addon {
  loaded ??= load()
  if ('problem' in loaded) throw new Error(`the native engine is not there: ${loaded.problem}`)
  return loaded.addon
}
