import type { FetchSettings } from '../archives/obtain.ts'
import { addressOf, COMMON_DEFAULTS, checkMd5, common, entriesOf, FETCH_OPTIONS, fetching, refuse } from '../options.ts'
import type { DatasetOptions, OxfordPetsOptions, PetInput } from '../types.ts'

/** Side of the images: breeds differ in what 32 pixels do not show. */
const PET_IMAGE_SIZE = 64

/** Options of the drawn pets, complete. */
export type PetSettings = Required<DatasetOptions> & { readonly input: PetInput }

/** Options of a downloaded set of pets after checks and defaults; what has no default stays away. */
export type PetFetchSettings = PetSettings &
  FetchSettings & { readonly url: string; readonly md5: Readonly<Record<string, string>> }

export type Species = NonNullable<OxfordPetsOptions['species']>

/** Where a set is downloaded from. */
export interface PetOrigin {
  /** Name of the function, for errors. */
  readonly caller: string
  /** Variable of the environment that may hold another address. */
  readonly variable: string
  /** Address of the folder with the archives. */
  readonly url: string
  readonly md5: Readonly<Record<string, string>>
}

type Given = Record<string, unknown>

function choice<T extends string>(caller: string, given: Given, name: string, choices: readonly T[]): T {
  const value = given[name] ?? choices[0]
  const found = choices.find((one) => one === value)
  return found ?? refuse(`${caller}: ${name}`, choices.map((one) => `"${one}"`).join(' or '), value)
}

const settingsOf = (caller: string, given: Given): PetSettings => ({
  ...common(caller, { imageSize: PET_IMAGE_SIZE, ...given }),
  input: choice<PetInput>(caller, given, 'input', ['uncropped', 'cropped']),
})

const speciesOf = (caller: string, given: Given): Species => choice(caller, given, 'species', ['both', 'cat', 'dog'])

const PET_OPTIONS = [...Object.keys(COMMON_DEFAULTS), 'input']

/** Options of `datasets.drawnPets`, complete. Throws DatasetError `E_OPTION` naming the option, expected, got. */
export function resolveDrawnPetsOptions(options: unknown): PetSettings & { readonly species: Species } {
  const caller = 'datasets.drawnPets'
  const given = entriesOf(caller, options, [...PET_OPTIONS, 'species'])
  return { ...settingsOf(caller, given), species: speciesOf(caller, given) }
}

function md5sOf({ caller, md5 }: PetOrigin, given: Given): Readonly<Record<string, string>> {
  if (given.md5 === undefined) return md5
  const named = entriesOf(`${caller}: md5`, given.md5, Object.keys(md5))
  const checked = Object.entries(named).map(([name, hex]) => [name, checkMd5(`${caller}: md5: ${name}`, hex)])
  return { ...md5, ...Object.fromEntries(checked) }
}

/**
 * Options of a downloaded set, complete; `species` is `both` where the set leaves no choice. `env` is where the address may be.
 * Throws DatasetError `E_OPTION`.
 */
export function resolvePetOptions(
  origin: PetOrigin,
  options: unknown,
  env: Readonly<Record<string, string | undefined>>,
  hasSpecies: boolean,
): PetFetchSettings & { readonly species: Species } {
  const { caller, variable } = origin
  const known = [...PET_OPTIONS, ...(hasSpecies ? ['species'] : []), 'url', 'md5', ...FETCH_OPTIONS]
  const given = entriesOf(caller, options, known)
  return {
    ...settingsOf(caller, given),
    ...fetching(caller, given),
    species: speciesOf(caller, given),
    url: addressOf(caller, given, env, variable, origin.url),
    md5: md5sOf(origin, given),
  }
}

/** The address of a file in the folder that an address names, with or without a "/" at its end. */
export const addressIn = (folder: string, name: string): string => `${folder.replace(/\/*$/, '')}/${name}`
