import { expect, test } from 'vitest'
import { packMessage, unpackMessage } from './jupyter.ts'
import { addOutput, errorText, headlineOf, MAX_STREAM_LENGTH, NO_OUTPUTS } from './outputs.ts'

const message = (type: string, content: Record<string, unknown>) => ({ id: 'i', type, parentId: 'p', content })
const stream = (name: string, text: string) => message('stream', { name, text })

test('pieces of one stream are joined; another stream begins a new output', () => {
  const messages = [stream('stdout', 'a'), stream('stdout', 'b\n'), stream('stderr', 'oh'), stream('stdout', 'c')]
  const cell = messages.reduce(addOutput, NO_OUTPUTS)
  expect(cell.outputs).toEqual([
    { output_type: 'stream', name: 'stdout', text: 'ab\n' },
    { output_type: 'stream', name: 'stderr', text: 'oh' },
    { output_type: 'stream', name: 'stdout', text: 'c' },
  ])
  expect(errorText(cell)).toBe('oh')
})

test('a display is rewritten where it stands', () => {
  const display = (type: string, id: string, text: string) =>
    message(type, { data: { 'text/plain': text }, metadata: {}, transient: { display_id: id } })
  const cell = [
    display('display_data', 'one', '1'),
    display('display_data', 'two', '2'),
    display('update_display_data', 'one', '3'),
    display('update_display_data', 'unknown', '4'),
  ].reduce(addOutput, NO_OUTPUTS)
  expect(cell.outputs.map((output) => 'data' in output && output.data['text/plain'])).toEqual(['3', '2'])
})

test('a stream that grows for weeks keeps its end', () => {
  const line = `${'x'.repeat(99)}\n`
  let cell = NO_OUTPUTS
  for (let i = 0; i < 5000; i++) cell = addOutput(cell, stream('stdout', i === 4999 ? 'last\n' : line))
  const [output] = cell.outputs
  const text = output?.output_type === 'stream' ? output.text : ''
  expect(text.length).toBeLessThanOrEqual(MAX_STREAM_LENGTH)
  expect(text.startsWith('… earlier lines were cut\nxxx')).toBe(true)
  expect(text.endsWith('last\n')).toBe(true)
})

test.each([
  ['evalmachine.<anonymous>:2\nthrow x\n^\n\nRangeError: too far\n    at x', 'RangeError: too far'],
  ['1:7 - Type error\n', '1:7 - Type error'],
  ['', ''],
])('the headline of %j is %j', (text, headline) => expect(headlineOf(text)).toBe(headline))

test('a message is read back with its key, and refused with another one or when it was changed', () => {
  const header = { id: 'i', type: 'execute_request', session: 's', date: '2026-01-02T03:04:05.678Z' }
  const frames = packMessage('key', header, { code: '1' }).map((text) => Buffer.from(text))
  expect(unpackMessage('key', [Buffer.from('identity'), ...frames])).toEqual({
    id: 'i',
    type: 'execute_request',
    parentId: '',
    content: { code: '1' },
  })
  expect(unpackMessage('other', frames)).toBeNull()
  expect(unpackMessage('key', [...frames.slice(0, -1), Buffer.from('{"code":"2"}')])).toBeNull()
  expect(unpackMessage('key', [])).toBeNull()
})
