import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { DatasetError } from '../errors.ts'
import { makeTar } from '../testing/testData.ts'
import { readTar, type TarFile } from './tar.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll(bytes: Uint8Array, limit: number | null = 1e6, size = 1000): Promise<TarFile[]> {
  const files: TarFile[] = []
  for await (const file of readTar(inPieces(bytes, size), () => limit, 'a.tar')) files.push(file)
  return files
}

const HELLO = { name: 'box/hello.txt', bytes: Buffer.from('hello') }

// Made by GNU tar 1.34 in its own and in the pax format: a folder with a.txt "hello", an empty file, a link, a file whose
// name has 120 letters, and sub/b.bin of 700 letters x.
const GNU =
  'H4sIAAAAAAACA+3YSw6CMBAG4B6lJ4CZPujWA3AJmxg1IjVaE7y9xZ0sQBetMfzfprx2f2eG1IehFplR4qx9rcl0fV0zK+aGnBqfM2mthLSigP' +
  'stbq9SimsIce67pfd/yqf8t1UcYub8G2Nm8reT/FlTIyQh/+wOu64LAtZqrP/d+RIfP63/af9nQ4z6L5V/d+xP2ee/c1/kr9iRkCr3YEL+oqqr' +
  'etOGft/m2wRL9c/Ovu0FGndCmv8t6r9I/fc/gum7jvyX57957//aksL/fxFdav2ognXX/+3us54BfX/+k+40zn9K5u8rf+wz5j/T/1k5M/3/J6' +
  'PQ/0sYAP4UpjcAAAAAAADAZ56hQTshACgAAA=='
const PAX =
  'H4sIAAAAAAACA+2a0U7CMBSGd81T7AlGe07bMy6899JXGLooETYCM8G3txNJsKK4xI5N/u9mZF3CSPf9Z6c0m94Vu9uyeCg32+m83iURUB5nzP' +
  'vREx6VJkq0Jq2dEmrPayWikzTKzYS8bJti428luU6I0lWzWJU3moxRwk6pzE5YpcX+rMwsWZOTzSS37Dhn047efx1VnAtTPknAiPDKT2N/R+u4' +
  'WPut/+3nz/5rx5Sktk//N3Xd/HTdufHwx41o/o8qQJE1u+by+a+dEPJ/aPl/SPiT+S/OOp5ZRv6PLv+jSN/Bf6Vs4D855ZJU9en/leb/U7lc1t' +
  'Dgqv0/qv/lat28DqD+C+r/4Oq/5DwjlX9X/w+jcGps/keRvlP9D/s/EqVR/y+Q/8tF9dz7/J/If4v1v+H1f77B8wlPWP/7Z/kfRfrAfxHpkP9s' +
  'RCUpxW5Mkf9h/lcxOJf/zMH8M7clAfnfA161dF00Tzftg1BdiMnfrUKiC+nuf+zpPf/+bwL//YsG1v96YVlXj7AA638f9X/7Mu+//z/R/xmyqP' +
  '9D6//w/9//9N9LH3UPSPf9H2SIsf+jz/k/3gWYzRfVZfOfjEb+jyz/0XmNOf//XPrf+69JTLj+x4bQ//XBDoCRgvQGAAAAAAAAAAAAAAAAAAAA' +
  'AAAA9rwBz/QKkgBQAAA='

test.each([
  ['GNU', GNU],
  ['pax', PAX],
])('reads what GNU tar wrote in the %s format', async (_, base64) => {
  const files = await readAll(gunzipSync(Buffer.from(base64, 'base64')))
  const short = files.filter(({ name }) => !name.includes('nnn'))
  expect(short.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])).toEqual([
    ['box/a.txt', 'hello'],
    ['box/empty', ''],
    ['box/sub/b.bin', 'x'.repeat(700)],
  ])
})

test.each([[1], [511], [512], [513], [100_000]])('pieces of %i bytes make no difference', async (size) => {
  const bytes = Buffer.alloc(1300, 7)
  const files = await readAll(makeTar([HELLO, { name: 'b', bytes }]), 1e6, size)
  expect(files.map(({ name }) => name)).toEqual(['box/hello.txt', 'b'])
  expect(Buffer.from(files[1]?.bytes ?? []).equals(bytes)).toBe(true)
})

test('passes over files that nobody wants, folders, links and extended headers', async () => {
  const tar = makeTar([
    { name: 'x', type: 'x', bytes: Buffer.from('30 path=elsewhere\n') },
    { name: 'd/', type: '5' },
    HELLO,
  ])
  expect((await readAll(tar)).map(({ name }) => name)).toEqual(['box/hello.txt'])
  expect(await readAll(tar, null)).toEqual([])
})

test('an archive without its two empty blocks at the end is read all the same', async () => {
  expect(await readAll(makeTar([HELLO]).subarray(0, 1024))).toHaveLength(1)
})

test.each([
  [
    'a wrong header checksum',
    makeTar([{ ...HELLO, checksumError: 1 }]),
    /^a\.tar: expected a tar header with checksum/,
  ],
  ['no tar at all', Buffer.alloc(2048, 65), /^a\.tar: expected a tar header with checksum/],
  [
    'a header cut short',
    makeTar([HELLO]).subarray(0, 300),
    'a.tar: expected a header of 512 bytes, got its end after 300',
  ],
  [
    'a file cut short',
    makeTar([HELLO]).subarray(0, 514),
    'a.tar, box/hello.txt: expected 5 bytes, got the end of the archive after 2',
  ],
  [
    'a file over its cap',
    makeTar([{ name: 'big', bytes: Buffer.alloc(21) }]),
    'a.tar, big: expected at most 20 bytes, got 21',
  ],
  [
    'a size in words',
    makeTar([{ ...HELLO, sizeField: 'five' }]),
    'a.tar, box/hello.txt: expected a size in octal digits, got "five"',
  ],
  ['a size in base 256', makeTar([{ ...HELLO, sizeField: '\x80\0\0\0\x05' }]), /expected a size in octal digits/],
  ['a huge size', makeTar([{ ...HELLO, sizeField: '77777777777' }]), 'expected at most 20 bytes, got 8589934591'],
])('refuses %s', async (_, tar, message) => {
  await expect(readAll(tar, 20)).rejects.toThrow(DatasetError)
  await expect(readAll(tar, 20)).rejects.toThrow(message)
})
