import { expect, test } from 'vitest'
import { chooseBackend } from './choose.ts'
import { EngineError } from './errors.ts'
import { askedBackend } from './open.ts'

const unsupported = new EngineError('E_UNSUPPORTED', 'layer "up" (UpSampling2D)', 'one of Conv2D', 'UpSampling2D')
const broken = new EngineError('E_MODEL', 'dense_1', 'one row', '[8,8,2]')

test.each([
  ['auto', null, 'onnx', null],
  ['onnx', null, 'onnx', null],
  ['tensorflow', null, 'tensorflow', /as asked/],
  [
    'auto',
    unsupported,
    'tensorflow',
    /since the engine has no UpSampling2D at layer "up" \(UpSampling2D\)\. .*as long/,
  ],
  ['tensorflow', unsupported, 'tensorflow', /UpSampling2D/],
  ['cuda', null, 'onnx', null],
] as const)('asked for %s, with problem %s: %s', (asked, problem, backend, notice) => {
  const choice = chooseBackend(asked, problem)
  expect([choice.backend, choice.device]).toEqual([backend, asked === 'cuda' ? 'cuda' : 'cpu'])
  if (notice === null) expect(choice.notice).toBeNull()
  else expect(choice.notice).toMatch(notice)
})

test.each([
  ['onnx', unsupported],
  ['cuda', unsupported],
  ['auto', broken],
  ['onnx', broken],
  ['tensorflow', broken],
] as const)('asked for %s, a problem that nothing else solves is thrown: %s', (asked, problem) => {
  expect(() => chooseBackend(asked, problem)).toThrow(problem)
})

test('the environment may ask for one', () => {
  expect(askedBackend({})).toBe('auto')
  expect(askedBackend({ PAWPRINT_ENGINE: 'tensorflow' })).toBe('tensorflow')
  expect(() => askedBackend({ PAWPRINT_ENGINE: 'abacus' })).toThrow(
    /PAWPRINT_ENGINE: expected auto, onnx, cuda or tensorflow/,
  )
})
