import { describe, expect, test } from 'vitest'
import { DropError, readFiles, readText } from './dropped.ts'

const file = (text: string, name = 'conf.json'): File => new File([text], name)

describe('a drop', () => {
  test('of one JSON file is a config', async () => {
    expect(await readFiles([file('{"EPOCHS": 1}')])).toEqual({ name: 'conf.json', config: { EPOCHS: 1 } })
  })

  test('may begin with a byte order mark', () => expect(readText('x', '\ufeff{}').config).toEqual({}))

  test.each<[string, File[], string, string]>([
    ['no file', [], 'a JSON file', 'no file'],
    ['two files', [file('{}'), file('{}')], 'one file', '2 files'],
    ['an empty file', [file('')], 'a JSON object of values to try', 'an empty file'],
    ['blanks', [file(' \n')], 'a JSON object of values to try', 'an empty file'],
    ['5 MB', [file(' '.repeat(5e6))], 'at most 1.0\u00a0MB', '5.0\u00a0MB'],
    ['prose', [file('hello there')], 'JSON', 'text that begins with "hello there"'],
    ['half of it', [file('{"EPOCHS": 1')], 'JSON', 'text that begins with "{\\"EPOCHS\\": 1"'],
    ['a bomb', [file('['.repeat(100))], 'JSON', `text that begins with "${'['.repeat(30)}"`],
    ['a reserved key', [file('{"__proto__": 1}')], 'JSON', 'text that begins with "{\\"__proto__\\": 1}"'],
    [
      'bytes of a picture',
      [new File([new Uint8Array([137, 80, 78, 71, 0, 1])], 'cat.png')],
      'JSON',
      'text that begins with "\ufffdPNG\\u0000\\u0001"',
    ],
  ])('of %s is refused', async (_, files, expected, got) => {
    const error = await readFiles(files).catch((reason: unknown) => reason)
    if (!(error instanceof DropError)) throw new Error(`expected a DropError, got ${String(error)}`)
    expect(error.detail).toMatchObject({ code: 'E_DROP', expected, got })
  })
})
