import { createHash } from 'node:crypto'
import { open, readFile, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { download } from '../../datasets/archives/download.ts'
import { cacheFolder } from '../../datasets/archives/locate.ts'
import { progressPrinter } from '../../datasets/progress.ts'
import { AgentError } from '../../errors.ts'

/** Most bytes of all files of a model's weights, and of the JSON beside them. */
export const MAX_WEIGHTS_BYTES = 2 ** 30
export const MAX_JSON_BYTES = 16 * 2 ** 20

/** A place that weight files are read from, by name. */
export interface WeightFolder {
  /** As errors show it: a folder, or an address. */
  readonly place: string
  /** The file that the others belong to. */
  readonly main: string
  /** Throws AgentError `E_WEIGHTS` for a file that is missing or larger than `maxBytes`, DatasetError for a download that fails. */
  read(name: string, maxBytes: number): Promise<Uint8Array>
  /** Forgets downloaded files; false where there are none to forget. */
  forget(): Promise<boolean>
}

/** What a search depends on besides its options. */
export interface WeightSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly home: string
  readonly currentFolder: string
}

export const surroundings = (): WeightSurroundings => ({
  env: process.env,
  platform: process.platform,
  home: homedir(),
  currentFolder: process.cwd(),
})

/** Opens what a person named: an http or https address, a file, or a folder with a `model.json`. */
export async function openWeightFolder(
  source: string,
  around: WeightSurroundings,
  signal: AbortSignal | undefined,
): Promise<WeightFolder> {
  if (/^https?:\/\//i.test(source)) return webFolder(source, around, signal)
  const path = resolve(around.currentFolder, source)
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() === true
  const main = isFolder ? join(path, 'model.json') : path
  return {
    place: dirname(main),
    main: main.slice(dirname(main).length + 1),
    read: (name, maxBytes) => readCapped(join(dirname(main), name), maxBytes),
    forget: async () => false,
  }
}

/** Files of the web are kept in the user's cache, in a folder for each address, and read from there the next time. */
function webFolder(source: string, around: WeightSurroundings, signal: AbortSignal | undefined): WeightFolder {
  if (!URL.canParse(source)) throw new AgentError('E_OPTION', 'loadPretrained', 'an address or a path', source)
  const url = new URL(source)
  const key = createHash('sha256').update(url.href).digest('hex').slice(0, 16)
  const folder = join(dirname(cacheFolder({ ...around, argv: [] })), 'weights', key)
  const main = url.pathname.endsWith('.json') ? 'model.json' : 'model.safetensors'
  return {
    place: url.href,
    main,
    async read(name, maxBytes) {
      const path = join(folder, name)
      if ((await stat(path).catch(() => null)) === null)
        await download({
          url: (name === main ? url : new URL(name, url)).href,
          md5: null,
          folder,
          name,
          maxBytes,
          connectTimeoutMs: 10_000,
          idleTimeoutMs: 30_000,
          retryDelayMs: 1_000,
          onProgress: progressPrinter(`Downloading ${name}`, process.stderr),
          signal,
          nowMs: Date.now(),
        })
      return readCapped(path, maxBytes)
    },
    async forget() {
      const existed = (await stat(folder).catch(() => null)) !== null
      await rm(folder, { recursive: true, force: true })
      return existed
    },
  }
}

async function readCapped(path: string, maxBytes: number): Promise<Uint8Array> {
  const missing = (cause: NodeJS.ErrnoException): never => {
    throw new AgentError('E_WEIGHTS', path, 'a file of weights', cause.code ?? cause.message, { cause })
  }
  const file = await open(path).catch(missing)
  try {
    const { size } = await file.stat()
    if (size > maxBytes) throw new AgentError('E_WEIGHTS', path, `at most ${maxBytes} bytes`, `${size}`)
    return await readFile(file).catch(missing)
  } finally {
    await file.close()
  }
}
