import { mkdir, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { newFolder, type TestDemo, testDemo } from './testing/demo.ts'
import { deploy, makeModel, type TestModel } from './testing/model.ts'

let one: TestModel
let png: Uint8Array<ArrayBuffer>
beforeAll(async () => {
  one = await makeModel(1)
  const brown = sharp({ create: { width: 8, height: 8, channels: 3, background: '#804020' } })
  png = Uint8Array.from(await brown.png().toBuffer())
})

async function servingDemo(): Promise<TestDemo> {
  const folder = await newFolder()
  await deploy(folder, one, { task: 'cars' })
  await deploy(folder, one, { task: 'pets' })
  await mkdir(join(folder, 'page/assets'), { recursive: true })
  await writeFile(join(folder, 'page/index.html'), '<!doctype html><title>page</title>')
  await writeFile(join(folder, 'page/assets/a-1234.js'), '')
  return testDemo({ folder })
}

interface Ask {
  readonly path?: string
  readonly method?: string
  readonly body?: NonNullable<RequestInit['body']>
  readonly headers?: Record<string, string>
}
async function ask(demo: TestDemo, { path = 'api/predict?task=pets', method = 'POST', ...init }: Ask) {
  const response = await fetch(`${demo.url}${path}`, { method, ...init })
  return { status: response.status, code: ((await response.json()) as { error?: { code: string } }).error?.code }
}

test('wrong requests get a code and a fitting status, and the demo goes on', async () => {
  const demo = await servingDemo()
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
  const form = new FormData()
  form.set('file', new Blob([png]))
  const cases: [Ask, number, string][] = [
    [{ body: new Uint8Array() }, 400, 'E_EMPTY'],
    [{ path: 'api/predict', body: png }, 400, 'E_TASK_MISSING'],
    [{ path: 'api/predict?task=pets&task=cars', body: png }, 404, 'E_TASK'],
    [{ path: 'api/predict?task=plants', body: png }, 404, 'E_TASK'],
    [{ path: 'api/predict?task=__proto__', body: png }, 404, 'E_TASK'],
    ...['', 'all', '1,2,3', '0,0,0,1', '-1,0,1,1', '0,0,1,1,1', '0.5,0,1,1', '5,0,4,1', '0,0,99999,1', '1&part=2'].map(
      (part): [Ask, number, string] => [{ path: `api/predict?task=pets&part=${part}`, body: png }, 400, 'E_PART'],
    ),
    [{ path: 'api/nothing' }, 404, 'E_NOT_FOUND'],
    [{ path: 'assets/..%2f..%2fdeployed', method: 'GET' }, 404, 'E_NOT_FOUND'],
    [{ method: 'GET' }, 405, 'E_METHOD'],
    [{ path: 'api/current', method: 'DELETE' }, 405, 'E_METHOD'],
    [{ body: new Uint8Array(MAX_IMAGE_BYTES + 1) }, 413, 'E_IMAGE_BYTES'],
    [{ body: 'a cat' }, 415, 'E_IMAGE_TYPE'],
    [{ body: svg, headers: { 'content-type': 'image/png' } }, 415, 'E_IMAGE_TYPE'],
    [{ body: form }, 415, 'E_IMAGE_TYPE'],
    [{ body: png, headers: { 'content-encoding': 'gzip' } }, 415, 'E_IMAGE_TYPE'],
    [{ body: png.subarray(0, 60) }, 422, 'E_IMAGE'],
    [{ body: png, headers: { origin: 'http://evil.example' } }, 403, 'E_ORIGIN'],
    [{ body: png, headers: { origin: 'null' } }, 403, 'E_ORIGIN'],
  ]
  for (const [request, status, code] of cases)
    expect([request.path, request.method, await ask(demo, request)]).toEqual([
      request.path,
      request.method,
      { status, code },
    ])
  expect(await ask(demo, { body: png, headers: { origin: demo.url.slice(0, -1) } })).toEqual({ status: 200 })
  expect(await ask(demo, { path: 'healthz', method: 'GET' })).toEqual({ status: 200 })
  expect(await ask(demo, { path: 'api/predict?task=pets&part=2,1,6,7', body: png })).toEqual({ status: 200 })
})

test('a chunked body ends at 16 MiB, whatever it declares', async () => {
  const demo = await servingDemo()
  const port = Number(new URL(demo.url).port)
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.write(
        `POST /api/predict?task=pets HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      )
      const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 1), Buffer.from('\r\n')])
      for (let i = 0; i < 18; i++) socket.write(chunk)
    })
    socket.on('data', (data) => resolve(String(data)))
    // The demo may cut the rest off while it is still being written.
    socket.on('error', reject)
  })
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
})

const rawStatus = (demo: TestDemo, request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(Number(new URL(demo.url).port), '127.0.0.1', () => socket.write(request))
    socket.on('data', (data) => resolve(String(data).split('\r\n', 1)[0] ?? ''))
    socket.on('error', reject)
  })

test('a name that is not the address of the demo is refused, for pages, calls and sockets', async () => {
  const demo = await servingDemo()
  const { port } = new URL(demo.url)
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
  for (const host of [`evil.example:${port}`, '127.0.0.1', '127.0.0.1:1', `127.0.0.1.evil.example:${port}`]) {
    expect(await rawStatus(demo, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toContain('403')
    expect(await rawStatus(demo, `GET /api/current HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toContain('403')
    expect(await rawStatus(demo, `GET /ws HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n`)).toContain('403')
  }
  const good = `Host: localhost:${port}\r\n${upgrade}`
  expect(await rawStatus(demo, `GET /ws HTTP/1.1\r\n${good}Origin: http://evil.example\r\n\r\n`)).toContain('403')
  expect(await rawStatus(demo, `GET /other HTTP/1.1\r\n${good}\r\n`)).toContain('404')
  expect(await rawStatus(demo, `GET /ws HTTP/1.1\r\n${good}Origin: http://localhost:${port}\r\n\r\n`)).toContain('101')
})

test('every answer carries the strict headers; built files are kept, the page is not', async () => {
  const demo = await servingDemo()
  for (const path of ['', 'healthz', 'api/current', 'missing']) {
    const { headers } = await fetch(`${demo.url}${path}`)
    const csp = headers.get('content-security-policy') ?? ''
    expect(csp).toContain("default-src 'none'")
    expect(csp).not.toMatch(/unsafe|\*|upgrade-insecure/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-powered-by')).toBeNull()
  }
  expect((await fetch(demo.url)).headers.get('cache-control')).toBe('no-cache')
  expect((await fetch(`${demo.url}assets/a-1234.js`)).headers.get('cache-control')).toContain('immutable')
  expect((await fetch(`${demo.url}api/current`)).headers.get('cache-control')).toBe('no-store')
})

test('a page that sends more than a few words is cut', async () => {
  const demo = await servingDemo()
  const ws = new WebSocket(`${demo.url.replace('http', 'ws')}ws`)
  ws.on('open', () => ws.send('x'.repeat(2000)))
  const code = await new Promise((resolve) => ws.on('close', resolve))
  expect([1006, 1009]).toContain(code)
})

test('a port in use is refused with the port and the flag that chooses another', async () => {
  const demo = await servingDemo()
  const port = Number(new URL(demo.url).port)
  await expect(testDemo({ port })).rejects.toThrow(
    `got port ${port}, which is in use: choose another with --port ${port + 1}`,
  )
})

test('with one task the request need not name it', async () => {
  const folder = await newFolder()
  await deploy(folder, one)
  const demo = await testDemo({ folder })
  expect(await ask(demo, { path: 'api/predict', body: png })).toEqual({ status: 200 })
})
