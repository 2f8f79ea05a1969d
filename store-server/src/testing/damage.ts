import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'

/** What disks and people do to files. A record of a log as the store writes it, made without its code. */
export const line = (record: unknown): string => {
  const json = JSON.stringify(record)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** Changes values of a JSON file, as a person with an editor could. */
export async function edit(path: string, change: (value: Record<string, never>) => unknown): Promise<void> {
  const value = JSON.parse(await readFile(path, 'utf8'))
  change(value)
  await writeFile(path, JSON.stringify(value))
}

/** Flips the lowest bit of a byte that is there. */
export async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  const byte = bytes[at]
  if (byte === undefined) throw new RangeError(`${path} has no byte ${at}`)
  bytes[at] = byte ^ 1
  await writeFile(path, bytes)
}

/** Writes a file, with its folders. */
export async function put(path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
