import { expect, test } from 'vitest'
import { chooseBackend } from './choose.ts'
import { EngineError } from './errors.ts'
import { askedBackend } from './open.ts'

const unsupported = new EngineError('E_UNSUPPORTED', 'layer "up" (UpSampling2D)', 'one of Conv2D', 'UpSampling2D')
const NOT_BUILT = "Cannot find module '../../native/build/Release/pawprint.node'"
const broken = new EngineError('E_MODEL', 'dense_1', 'one row', '[8,8,2]')

test.each([
  ['auto', null, null, 'engine native', null],
  ['auto', null, NOT_BUILT, 'engine cpu', null],
  ['native', null, null, 'engine native', null],
  ['onnx', null, null, 'engine cpu', null],
  ['tensorflow', null, null, 'tensorflow cpu', /as asked/],
  [
    'auto',
    unsupported,
    null,
    'tensorflow cpu',
    /since the engine has no UpSampling2D at layer "up" \(UpSampling2D\)\. .*as long/,
  ],
  ['tensorflow', unsupported, null, 'tensorflow cpu', /UpSampling2D/],
  ['cuda', null, null, 'engine cuda', null],
] as const)('asked for %s, with problem %s, native: %s: %s', (asked, problem, missing, chosen, notice) => {
  const choice = chooseBackend(asked, problem, missing)
  expect(`${choice.backend} ${choice.device}`).toBe(chosen)
  if (notice === null) expect(choice.notice).toBeNull()
  else expect(choice.notice).toMatch(notice)
})

test.each([
  ['onnx', unsupported],
  ['cuda', unsupported],
  ['native', unsupported],
  ['auto', broken],
  ['onnx', broken],
  ['tensorflow', broken],
] as const)('asked for %s, a problem that nothing else solves is thrown: %s', (asked, problem) => {
  expect(() => chooseBackend(asked, problem, null)).toThrow(problem)
})

test('asked for the native engine where it is not built, it says how to build it', () => {
  expect(() => chooseBackend('native', null, NOT_BUILT)).toThrow(/^native: expected .*build:native.*, got Cannot find/)
})

test('the environment may ask for one', () => {
  expect(askedBackend({})).toBe('auto')
  expect(askedBackend({ PAWPRINT_ENGINE: 'tensorflow' })).toBe('tensorflow')
  expect(() => askedBackend({ PAWPRINT_ENGINE: 'abacus' })).toThrow(
    /PAWPRINT_ENGINE: expected auto, native, onnx, cuda or tensorflow/,
  )
})
