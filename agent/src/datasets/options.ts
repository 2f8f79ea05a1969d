import type { FetchSettings } from './archives/obtain.ts'
import { DatasetError } from './errors.ts'
import type { DatasetOptions } from './types.ts'

/** The official archive: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. */
export const CIFAR10_URL = 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'
/** As published on the data set's page. */
export const CIFAR10_MD5 = 'c32a1d4ab5d03f1284b67883e8d87530'

/** Names and defaults of the options that all data sets have. */
export const COMMON_DEFAULTS = { imageSize: 32, validationSplit: 0.1, seed: 0 }
const TIMEOUT_DEFAULTS = { connectTimeoutMs: 5_000, idleTimeoutMs: 30_000 }
/** Names of the options of `fetching`. */
export const FETCH_OPTIONS = [...Object.keys(TIMEOUT_DEFAULTS), 'directory', 'onProgress', 'log', 'signal']
const MIN_IMAGE_SIZE = 8
const MAX_IMAGE_SIZE = 256
const MAX_SEED = 2 ** 32 - 1
const MAX_TIMEOUT_MS = 3_600_000

/** Refuses one option. `place` is its name with its function: `datasets.cifar10: imageSize`. */
export function refuse(place: string, expected: string, got: unknown): never {
  const shown = typeof got === 'number' || got === undefined ? String(got) : (JSON.stringify(got) ?? String(got))
  throw new DatasetError('E_OPTION', place, expected, shown.slice(0, 100))
}

/** An integer from `min` to `max`, or E_OPTION. */
export function integer(place: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  return refuse(place, `an integer from ${min} to ${max}`, value)
}

/** A number 0 ≤ x < 1, or E_OPTION. */
export function fraction(place: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value
  return refuse(place, 'a number from 0 to below 1', value)
}

/** A text that is fine, or E_OPTION. */
export function text(place: string, value: unknown, isFine: (value: string) => boolean, expected: string): string {
  return typeof value === 'string' && isFine(value) ? value : refuse(place, expected, value)
}

/** Gives the options as an object without undefined values; refuses unknown names. */
export function entriesOf(caller: string, options: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return refuse(caller, 'an object with options', options)
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const unknown = given.find(([name]) => !known.includes(name))
  if (unknown) refuse(caller, `options among ${known.join(', ')}`, unknown[0])
  return Object.fromEntries(given)
}

/** The options that all data sets have, with their defaults; `given` may bring others, which are left out. */
export function common(caller: string, given: Record<string, unknown>): Required<DatasetOptions> {
  const { imageSize, validationSplit, seed } = { ...COMMON_DEFAULTS, ...given } as Record<string, unknown>
  return {
    imageSize: integer(`${caller}: imageSize`, imageSize, MIN_IMAGE_SIZE, MAX_IMAGE_SIZE),
    validationSplit: fraction(`${caller}: validationSplit`, validationSplit),
    seed: integer(`${caller}: seed`, seed, 0, MAX_SEED),
  }
}

/** Checks `onProgress`, `log`, `groupOf` and `signal`, which may be left out. */
export function listeners(caller: string, given: Record<string, unknown>): void {
  for (const name of ['onProgress', 'log', 'groupOf']) {
    if (name in given && typeof given[name] !== 'function') refuse(`${caller}: ${name}`, 'a function', given[name])
  }
  if ('signal' in given && !(given.signal instanceof AbortSignal)) {
    refuse(`${caller}: signal`, 'an AbortSignal', given.signal)
  }
}

/** Options of `datasets.shapes`, complete. Throws DatasetError `E_OPTION` naming the option, expected, got. */
export function resolveShapesOptions(options: unknown): Required<DatasetOptions> {
  const caller = 'datasets.shapes'
  return common(caller, entriesOf(caller, options, Object.keys(COMMON_DEFAULTS)))
}

/** Options of `datasets.cifar10` after checks and defaults; what has no default stays away. */
export type Cifar10Settings = Required<DatasetOptions> & FetchSettings & { readonly url: string; readonly md5: string }

type Environment = Readonly<Record<string, string | undefined>>

const isHttpUrl = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)

/** How to look for a set and how to download it; only these of the options given. */
export function fetching(caller: string, given: Record<string, unknown>): FetchSettings {
  listeners(caller, given)
  if ('directory' in given) text(`${caller}: directory`, given.directory, (path) => path !== '', 'the path of a folder')
  const values: Record<string, unknown> = { ...TIMEOUT_DEFAULTS, ...given }
  const timeout = (name: string): number => integer(`${caller}: ${name}`, values[name], 1, MAX_TIMEOUT_MS)
  const untouched = Object.entries(given).filter(([name]) => FETCH_OPTIONS.includes(name))
  return {
    ...(Object.fromEntries(untouched) as FetchSettings),
    connectTimeoutMs: timeout('connectTimeoutMs'),
    idleTimeoutMs: timeout('idleTimeoutMs'),
  }
}

/** Where to download from: the option, else the variable of the environment, else the official address. */
export function addressOf(
  caller: string,
  given: Record<string, unknown>,
  env: Environment,
  variable: string,
  official: string,
): string {
  const fromEnv = env[variable] && !('url' in given)
  const url = fromEnv ? env[variable] : (given.url ?? official)
  return text(fromEnv ? variable : `${caller}: url`, url, isHttpUrl, 'an http or https address')
}

/** An MD5 in lower case. */
export const checkMd5 = (place: string, value: unknown): string =>
  text(place, value, (hex) => /^[0-9a-f]{32}$/i.test(hex), '32 hex digits').toLowerCase()

/** Options of `datasets.cifar10`, complete; `env` is where PAWPRINT_CIFAR10_URL may be. Throws DatasetError `E_OPTION`. */
export function resolveCifar10Options(options: unknown, env: Environment): Cifar10Settings {
  const caller = 'datasets.cifar10'
  const given = entriesOf(caller, options, [...Object.keys(COMMON_DEFAULTS), 'url', 'md5', ...FETCH_OPTIONS])
  return {
    ...fetching(caller, given),
    ...common(caller, given),
    url: addressOf(caller, given, env, 'PAWPRINT_CIFAR10_URL', CIFAR10_URL),
    md5: checkMd5(`${caller}: md5`, given.md5 ?? CIFAR10_MD5),
  }
}
