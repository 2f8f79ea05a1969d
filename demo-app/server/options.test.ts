import { expect, test } from 'vitest'
import { readOptions } from './options.ts'

test('flags come before variables, and variables before defaults', () => {
  expect(readOptions([], {})).toMatchObject({ port: 5000, host: '127.0.0.1', store: null, mirror: false, token: null })
  const env = {
    PAWPRINT_DEMO_PORT: '6000',
    PAWPRINT_DATA: '/x',
    PAWPRINT_STORE: 'ws://127.0.0.1:1',
    PAWPRINT_TOKEN: 't',
  }
  expect(readOptions([], env)).toMatchObject({ port: 6000, folder: '/x', token: 't' })
  expect(readOptions([], env)?.store?.href).toBe('ws://127.0.0.1:1/')
  expect(readOptions(['--port', '7000', '--folder', '/y'], env)).toMatchObject({ port: 7000, folder: '/y' })
  expect(readOptions(['--demo-port', '7001'], env)).toMatchObject({ port: 7001 })
  expect(readOptions(['--store', 'https://s.example'], env)?.store?.href).toBe('wss://s.example/')
  expect(readOptions(['--allow-host', 'a', '--allow-host', 'b'], {})?.allowHosts).toEqual(['a', 'b'])
  const files = { PAWPRINT_TLS_CERT: '/c', PAWPRINT_TLS_KEY: '/k' }
  expect(readOptions([], files)).toMatchObject({ certFile: '/c', keyFile: '/k' })
  expect(readOptions(['--tls-cert', '/d'], files)).toMatchObject({ certFile: '/d', keyFile: '/k' })
  expect(readOptions([], { PAWPRINT_TLS_CERT: '' })).toMatchObject({ certFile: null, keyFile: null })
  expect(readOptions(['--help'], {})).toBeNull()
})

test.each([
  [['--port', 'many'], '--port'],
  [['--port', '65536'], '--port'],
  [['--port', '-1'], 'flags'],
  [['--prot', '1'], 'flags'],
  [['5000'], 'flags'],
  [['--store', 'nonsense'], '--store'],
  [['--store', 'ftp://a.example'], '--store'],
  [['--host', '0.0.0.0'], '--host'],
  [['--host', '192.168.1.5'], '--host'],
  [['--host', ''], '--host'],
])('%j is refused, naming %s', (argv, at) => {
  expect(() => readOptions(argv, {})).toThrow(
    expect.objectContaining({ code: 'E_OPTION', at: expect.stringContaining(at) }),
  )
})

test('an address that others can reach must be asked for by name', () => {
  expect(readOptions(['--host', '0.0.0.0', '--allow-remote'], {})).toMatchObject({ host: '0.0.0.0' })
  expect(readOptions(['--host', '::1'], {})).toMatchObject({ host: '::1' })
})
