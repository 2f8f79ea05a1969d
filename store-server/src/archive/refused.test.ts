import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { problemsOf } from '../check/finding.ts'
import { checkFolder } from '../check/folder.ts'
import { archiveFrom, inPieces } from '../testing/archives.ts'
import { blobOf, newFolder, useFilledFolder } from '../testing/dataFolder.ts'
import { startTestStore } from '../testing/testStore.ts'
import { unpackArchive } from './unpack.ts'

const filled = useFilledFolder()
const tar = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8' })

/** Unpacks what must be refused; nothing may be left of it. */
async function refused(bytes: Uint8Array): Promise<{ code: string; at: string; expected: string; got: string }> {
  const folder = await newFolder()
  const refusal = await unpackArchive(inPieces(bytes), join(folder, 'data')).then(
    () => null,
    (error: unknown) => Object(error),
  )
  expect(refusal, 'the archive was taken').not.toBeNull()
  expect(await readdir(folder)).toEqual([])
  return refusal
}

test('wherever an archive is cut off or altered, it is refused with the place, and leaves nothing', async () => {
  const archive = await archiveFrom(await startTestStore({ dataDir: await filled.copy() }))
  for (let i = 0; i < 12; i++) {
    const end = Math.floor((archive.length * i) / 12)
    expect((await refused(archive.subarray(0, end))).code).toBe('E_CORRUPT')
  }
  // All but the mark of the end is there.
  expect((await refused(archive.subarray(0, archive.length - 1024))).code).toBe('E_CORRUPT')
  for (let i = 0; i < 40; i++) {
    const at = Math.floor((archive.length * (i + 0.5)) / 40)
    const altered = Buffer.from(archive)
    altered[at] = (altered[at] ?? 0) ^ 0x10
    expect(await refused(altered)).toMatchObject({ code: 'E_CORRUPT', at: expect.stringMatching(/./) })
  }
  expect(await refused(Buffer.concat([archive, Buffer.from('more')]))).toMatchObject({ expected: 'nothing behind it' })
  expect(await refused(Buffer.from('PK\u0003\u0004 no tar at all'.padEnd(2000)))).toMatchObject({ at: 'entry 1' })
  expect(await refused(new Uint8Array(0))).toMatchObject({ code: 'E_CORRUPT' })
})

/** A file as a manifest names it. */
const listed = async (folder: string, path: string) => ({
  path,
  sizeBytes: (await stat(join(folder, path))).size,
  sha256: execFileSync('sha256sum', [join(folder, path)], { encoding: 'utf8' }).slice(0, 64),
})

const TRICKS: [string, (folder: string) => Promise<string[]>, RegExp][] = [
  [
    'a path that climbs',
    async () => ['-P', '--transform=s,^x$,../x,', 'archive.json', 'x'],
    /a file that a store keeps/,
  ],
  [
    'an absolute path',
    async () => ['-P', '--transform=s,^x$,/tmp/x,', 'archive.json', 'x'],
    /a file that a store keeps/,
  ],
  ['a token', async () => ['--transform=s,^x$,token,', 'archive.json', 'x'], /a file that a store keeps/],
  [
    'a link',
    async (at) => {
      execFileSync('ln', ['-s', '/etc/passwd', join(at, 'layout')])
      return ['archive.json', 'layout']
    },
    /a plain file/,
  ],
  [
    'a folder',
    async (at) => {
      await mkdir(join(at, 'jobs'))
      return ['archive.json', 'jobs']
    },
    /a plain file/,
  ],
  [
    'weights under another name',
    async () => [`--transform=s,^x$,${blobOf('a'.repeat(40))},`, 'archive.json', 'x'],
    /^bytes with sha1 aaaa/,
  ],
  ['no head', async () => ['x'], /archive.json, as an archive/],
  ['no manifest', async () => ['archive.json'], /manifest.json/],
  [
    'a file that its manifest does not know',
    async (at) => {
      await writeFile(
        join(at, 'manifest.json'),
        JSON.stringify({ files: [await listed(at, 'archive.json')], missing: [] }),
      )
      return ['--transform=s,^x$,layout,', 'archive.json', 'x', 'manifest.json']
    },
    /one of the 1 files/,
  ],
  [
    'a newer version',
    async (at) => {
      await writeFile(join(at, 'archive.json'), '{"archive":"pawprint","version":2,"layout":"1"}')
      return ['archive.json']
    },
    /archive 1 of layout 1/,
  ],
  [
    'records that contradict each other',
    async (at) => {
      await writeFile(join(at, 'layout'), '1\n')
      await mkdir(join(at, 'jobs/a'), { recursive: true })
      await writeFile(join(at, 'jobs/a/job.json'), '{}')
      const files = await Promise.all(['archive.json', 'layout', 'jobs/a/job.json'].map((name) => listed(at, name)))
      await writeFile(join(at, 'manifest.json'), JSON.stringify({ files, missing: [] }))
      return ['archive.json', 'layout', 'jobs/a/job.json', 'manifest.json']
    },
    /agree with each other/,
  ],
]
test.each(TRICKS)('an archive with %s is refused', async (_, make, expected) => {
  const folder = await newFolder()
  await writeFile(join(folder, 'archive.json'), '{"archive":"pawprint","version":1,"layout":"1"}')
  await writeFile(join(folder, 'x'), 'x')
  const args = await make(folder)
  tar('--format=ustar', '-cf', join(folder, 'a.tar'), '-C', folder, ...args)
  expect((await refused(await readFile(join(folder, 'a.tar')))).expected).toMatch(expected)
})

test('a folder that is not empty is refused and left alone; an empty one is filled', async () => {
  const archive = await archiveFrom(await startTestStore({ dataDir: await filled.copy() }))
  const folder = await newFolder()
  const target = join(folder, 'data')
  await writeFile(target, 'a file')
  await expect(unpackArchive(inPieces(archive), target)).rejects.toMatchObject({ code: 'E_ARGUMENT', at: target })
  await rm(target)
  await mkdir(target)
  await writeFile(join(target, 'mine.txt'), 'mine')
  await expect(unpackArchive(inPieces(archive), target)).rejects.toMatchObject({ code: 'E_ARGUMENT', at: target })
  expect(await readdir(target)).toEqual(['mine.txt'])
  await rm(join(target, 'mine.txt'))
  await unpackArchive(inPieces(archive), target)
  expect(await readdir(folder)).toEqual(['data'])
  expect(problemsOf(await checkFolder(target))).toEqual([])
})
