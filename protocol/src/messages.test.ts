import { describe, expect, test } from 'vitest'
import { fieldsOf } from './fields.ts'
import { type FromAgent, parseFromAgent, parseFromPage, parseHello, parseToPage } from './messages.ts'
import { TEST_ACCURACY } from './records.ts'

const attempt = { job: 'j1', trial: 0, attempt: 1, lease: 'l1' }
const time = '2026-01-02T03:04:05.678Z'
const register: FromAgent = {
  type: 'register',
  id: 'r1',
  name: 'cifar10',
  task: { name: 'cifar10', classNames: ['cat', 'dog'], metric: TEST_ACCURACY },
  schema: fieldsOf({ EPOCHS: 1 }),
  engine: 'onnxruntime cpu',
  cores: 2,
  slots: 2,
  host: 'laptop',
  pid: 4242,
  attempts: [attempt],
}
const requiring = (requirement: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ ...register, task: { ...register.task, requirements: [requirement] } })
const manyMetrics = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]))

describe('a message', () => {
  test.each<FromAgent>([
    { type: 'hello', version: 1, role: 'agent', instance: 'i1' },
    register,
    { type: 'records', id: 'b1', ...attempt, first: 1, records: [{ kind: 'log', time, level: 'info', text: 'hi' }] },
    { type: 'progress', ...attempt, progress: 0.5, metrics: { loss: 1.2 } },
    { type: 'progress', ...attempt, progress: 0.5, metrics: manyMetrics(64) },
    { type: 'failed', id: 'f1', ...attempt, reason: 'out of memory', permanent: true },
    { type: 'idle', leftMs: 760_000, afterMs: 1_800_000 },
    { type: 'idle', leftMs: null, afterMs: 1_800_000 },
    { type: 'goodbye' },
  ])('$type survives the wire unchanged', (message) => {
    expect(parseFromAgent(JSON.stringify(message))).toEqual(message)
  })

  test.each([
    ['', ''],
    ['{', ''],
    ['null', ''],
    ['{"type":"fly"}', 'type'],
    ['{"type":"goodbye"', ''],
    [JSON.stringify({ ...register, name: '' }), 'name'],
    [JSON.stringify({ ...register, name: 'x'.repeat(129) }), 'name'],
    [JSON.stringify({ ...register, task: { ...register.task, name: '../etc' } }), 'task.name'],
    [requiring({ metric: 'recall', className: 'cat' }), 'task.requirements.0'],
    [requiring({ metric: 'recall', className: 'owl', min: 0.5 }), 'task'],
    [requiring({ metric: 'testAccuracy', className: 'cat', min: 0.5 }), 'task.requirements.0'],
    [requiring({ metric: 'latencyMs', min: 2, max: 1 }), 'task.requirements.0'],
    [requiring({ metric: 'latencyMs', max: '20' }), 'task.requirements.0.max'],
    [requiring({ metric: 'no name', min: 1 }), 'task.requirements.0.metric'],
    [
      JSON.stringify({
        ...register,
        task: { ...register.task, requirements: new Array(65).fill({ metric: 'a', min: 0 }) },
      }),
      'task.requirements',
    ],
    [JSON.stringify({ ...register, slots: 0 }), 'slots'],
    [JSON.stringify({ type: 'progress', ...attempt, progress: 1.01, metrics: {} }), 'progress'],
    [JSON.stringify({ type: 'progress', ...attempt, progress: 0, metrics: { loss: null } }), 'metrics.loss'],
    [JSON.stringify({ type: 'progress', ...attempt, progress: 0, metrics: manyMetrics(65) }), 'metrics'],
    [JSON.stringify({ type: 'progress', ...attempt, job: '../j', progress: 0, metrics: {} }), 'job'],
    ['{"type":"idle","leftMs":-1,"afterMs":1000}', 'leftMs'],
    ['{"type":"idle","leftMs":null}', 'afterMs'],
    ['{"type":"idle","leftMs":604800001,"afterMs":604800000}', 'leftMs'],
    [JSON.stringify({ type: 'records', id: 'b1', ...attempt, first: 0, records: [] }), 'first'],
    [JSON.stringify({ type: 'records', id: 'b1', ...attempt, first: 1, records: [] }), 'records'],
  ])('%s is refused at "%s"', (text, at) => {
    expect(() => parseFromAgent(text)).toThrow(expect.objectContaining({ name: 'ProtocolError', at }))
  })

  test('with any one field missing is refused with that field as its place', () => {
    for (const key of Object.keys(register)) {
      const { [key as keyof typeof register]: _, ...rest } = register
      expect(() => parseFromAgent(JSON.stringify(rest)), key).toThrow(expect.objectContaining({ at: key }))
    }
  })

  test('of one role is no message of another', () => {
    expect(() => parseFromPage(JSON.stringify(register))).toThrow()
    expect(() => parseToPage('{"type":"run"}')).toThrow()
    expect(parseHello('{"type":"hello","version":9,"role":"page"}')).toMatchObject({ version: 9, role: 'page' })
  })
})
