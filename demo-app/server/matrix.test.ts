// Who may ask what of the demo: every path that its router knows, with every method.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ask, openRaw, statusOf } from '../../store-server/src/testing/raw.ts'
import { policyOf } from './gate.ts'
import { createApp } from './http.ts'
import { createClassifier } from './predict.ts'
import { openShelf } from './shelf.ts'
import { newFolder, testDemo } from './testing/demo.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']

/** All that the demo answers, written down by hand: nothing there changes anything. What is not here is 404 or 405. */
const ANSWERS: Readonly<Record<string, readonly number[]>> = {
  'GET /': [200],
  'GET /healthz': [200],
  'GET /api/current': [200],
  'POST /api/predict': [400, 503],
}

async function routesOf(folder: string): Promise<string[]> {
  const shelf = openShelf(folder)
  const policy = policyOf(1, [], [])
  const app = createApp({ shelf, classify: createClassifier(shelf), policy: () => policy, page: folder, log: () => {} })
  const routes = app.router.stack.flatMap(({ route }) => (route ? [route.path] : []))
  await shelf.close()
  return [...new Set(routes)]
}

async function demoWithPage() {
  const folder = await newFolder()
  await mkdir(join(folder, 'page/assets'), { recursive: true })
  await writeFile(join(folder, 'page/index.html'), '<!doctype html>')
  await writeFile(join(folder, 'page/.env'), 'hidden words')
  await writeFile(join(folder, 'page/assets/.env'), 'hidden words')
  await writeFile(join(folder, 'secret'), 'hidden words')
  return testDemo({ folder })
}

test('what its router answers to is what is written down here, with these methods and no others', async () => {
  const demo = await demoWithPage()
  const port = Number(new URL(demo.url).port)
  const paths = await routesOf(demo.folder)
  expect(paths.sort()).toEqual(['/api/current', '/api/predict', '/healthz'])
  for (const path of ['/', ...paths, '/ws', '/api', '/token', '/registry.json'])
    for (const method of METHODS) {
      const { status } = await ask(port, method, path, { host: `127.0.0.1:${port}` })
      const allowed = ANSWERS[`${method} ${path}`] ?? ANSWERS[`${method.replace('HEAD', 'GET')} ${path}`] ?? [404, 405]
      expect(allowed, `${method} ${path}`).toContain(status)
    }
})

test('from another page, or under another name, no work is done', async () => {
  const demo = await demoWithPage()
  const port = Number(new URL(demo.url).port)
  const host = `127.0.0.1:${port}`
  for (const origin of ['http://evil.example', 'null', '', '://', `http://${host}.evil.example`])
    expect((await ask(port, 'POST', '/api/predict', { host, origin })).status, origin).toBe(403)
  for (const name of [
    `evil.example:${port}`,
    `127.0.0.1.nip.io:${port}`,
    `localhost.evil.example:${port}`,
    '127.0.0.1',
  ])
    for (const path of ['/', '/healthz', '/api/current', '/assets/x'])
      expect((await ask(port, 'GET', path, { host: name })).status, name).toBe(403)
})

test.each([
  '/.env',
  '/assets/.env',
  '/../secret',
  '/assets/../../secret',
  '/assets/..%2f..%2fsecret',
  '/assets/%2e%2e/%2e%2e/secret',
  '/assets/..%5c..%5csecret',
  '/%00',
  '/assets//../../secret',
  '//secret',
])('%s gives nothing away', async (path) => {
  const demo = await demoWithPage()
  const port = Number(new URL(demo.url).port)
  const raw = openRaw(port)
  raw.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)
  const answer = await raw.ended
  expect([400, 403, 404]).toContain(statusOf(answer))
  expect(answer.toString('latin1')).not.toMatch(/hidden words|\/tmp\/|node_modules| {4}at /)
})

test('what is malformed or too large is refused by its head, and the demo goes on', async () => {
  const demo = await demoWithPage()
  const port = Number(new URL(demo.url).port)
  const host = `Host: 127.0.0.1:${port}\r\n`
  const many = Array.from({ length: 2000 }, (_, i) => `X-${i}: ${i}\r\n`).join('')
  for (const [text, status] of [
    ['HELLO\r\n\r\n', 400],
    [`POST /api/predict HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`, 400],
    [`POST /api/predict HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    [`GET / HTTP/1.1\r\n${host}${many}\r\n`, 431],
    [`POST /api/predict HTTP/1.1\r\n${host}Content-Length: 99999999\r\n\r\n`, 413],
  ] as const) {
    const raw = openRaw(port)
    raw.write(text)
    expect(statusOf(await raw.ended), text.slice(0, 60)).toBe(status)
  }
  expect((await ask(port, 'GET', '/healthz', { host: `127.0.0.1:${port}` })).status).toBe(200)
})
