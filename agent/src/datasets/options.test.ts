import { expect, test } from 'vitest'
import { DatasetError } from './errors.ts'
import { resolveCifar10Options, resolveShapesOptions } from './options.ts'

test.each([
  [{ imageSize: 0 }, 'datasets.cifar10: imageSize: expected an integer from 8 to 256, got 0'],
  [{ imageSize: 1.5 }, 'datasets.cifar10: imageSize: expected an integer from 8 to 256, got 1.5'],
  [{ imageSize: 'a' }, 'datasets.cifar10: imageSize: expected an integer from 8 to 256, got "a"'],
  [{ imageSize: Number.NaN }, 'datasets.cifar10: imageSize: expected an integer from 8 to 256, got NaN'],
  [{ imageSize: 1e9 }, 'datasets.cifar10: imageSize: expected an integer from 8 to 256, got 1000000000'],
  [{ imageSize: [32] }, 'datasets.cifar10: imageSize: expected an integer from 8 to 256, got [32]'],
  [{ validationSplit: 1 }, 'datasets.cifar10: validationSplit: expected a number from 0 to below 1, got 1'],
  [{ validationSplit: -0.1 }, 'datasets.cifar10: validationSplit: expected a number from 0 to below 1, got -0.1'],
  [{ validationSplit: null }, 'datasets.cifar10: validationSplit: expected a number from 0 to below 1, got null'],
  [{ seed: -1 }, 'datasets.cifar10: seed: expected an integer from 0 to 4294967295, got -1'],
  [{ seed: 2 ** 32 }, 'datasets.cifar10: seed: expected an integer from 0 to 4294967295, got 4294967296'],
  [{ directory: '' }, 'datasets.cifar10: directory: expected the path of a folder, got ""'],
  [{ url: 'file:///etc' }, 'datasets.cifar10: url: expected an http or https address, got "file:///etc"'],
  [{ md5: 'abc' }, 'datasets.cifar10: md5: expected 32 hex digits, got "abc"'],
  [{ connectTimeoutMs: 0 }, 'datasets.cifar10: connectTimeoutMs: expected an integer from 1 to 3600000, got 0'],
  [{ log: 'x' }, 'datasets.cifar10: log: expected a function, got "x"'],
  [{ signal: {} }, 'datasets.cifar10: signal: expected an AbortSignal, got {}'],
  [32, 'datasets.cifar10: expected an object with options, got 32'],
  [null, 'datasets.cifar10: expected an object with options, got null'],
])('refuses %j', (options, message) => {
  expect(() => resolveCifar10Options(options, {})).toThrow(
    new DatasetError('E_OPTION', '', '', '').constructor as never,
  )
  expect(() => resolveCifar10Options(options, {})).toThrow(message)
})

test('an unknown option is never silent', () => {
  expect(() => resolveShapesOptions({ imagesize: 16 })).toThrow(
    'datasets.shapes: expected options among imageSize, validationSplit, seed, got "imagesize"',
  )
})

test('a wrong address in the environment is refused by the name of its variable', () => {
  expect(() => resolveCifar10Options({}, { PAWPRINT_CIFAR10_URL: 'cifar' })).toThrow(
    'PAWPRINT_CIFAR10_URL: expected an http or https address, got "cifar"',
  )
})

test('without options the official archive is meant, at its own size, a tenth held out', () => {
  expect(resolveCifar10Options({}, {})).toEqual({
    imageSize: 32,
    validationSplit: 0.1,
    seed: 0,
    url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
    md5: 'c32a1d4ab5d03f1284b67883e8d87530',
    connectTimeoutMs: 5000,
    idleTimeoutMs: 30000,
  })
})

test('an option set to undefined is one not given', () => {
  expect(resolveShapesOptions({ imageSize: undefined })).toEqual({ imageSize: 32, validationSplit: 0.1, seed: 0 })
})

test('an address given in the call goes before one of the environment', () => {
  const env = { PAWPRINT_CIFAR10_URL: 'http://mirror.example/a' }
  expect(resolveCifar10Options({}, env).url).toBe('http://mirror.example/a')
  expect(resolveCifar10Options({ url: 'http://other.example/b' }, env).url).toBe('http://other.example/b')
})
