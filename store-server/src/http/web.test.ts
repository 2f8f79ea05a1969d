import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startTestStore } from '../testing/testStore.ts'

/** A built page with a secret beside it. */
async function startWithPage() {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-web-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const webDir = join(folder, 'dist')
  await mkdir(join(webDir, 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret'), 'hidden words')
  await writeFile(join(webDir, 'index.html'), '<!doctype html><title>Pawprint</title>')
  await writeFile(join(webDir, 'assets', 'index-1a2b.js'), 'export {}')
  await writeFile(join(webDir, 'assets', '.env'), 'hidden words')
  return startTestStore({ webDir })
}

test('the page is served to everyone and never kept; its files, named by their content, are kept for ever', async () => {
  const store = await startWithPage()
  const page = await fetch(`${store.url}/`)
  expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  expect(await page.text()).toContain('Pawprint')
  const file = await fetch(`${store.url}/assets/index-1a2b.js`)
  expect([file.status, file.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
  expect(file.headers.get('content-type')).toMatch(/^text\/javascript/)
})

test('a page that was not built says so', async () => {
  const store = await startTestStore({ webDir: '/nowhere' })
  const page = await fetch(`${store.url}/`)
  expect([page.status, await page.text()]).toEqual([404, 'The page is not built. The API is under /api.\n'])
})

test.each([
  '/assets/.env',
  '/assets/..%2f..%2fsecret',
  '/assets/%2e%2e/%2e%2e/secret',
  '/assets/../../secret',
  '/../secret',
  '/assets/..%5c..%5csecret',
  '/assets/%00',
  '/assets//../../secret',
  '/assets/',
  '/index.html',
])('%s gives nothing away', async (path) => {
  const store = await startWithPage()
  const socket = connect(store.port, '127.0.0.1')
  // fetch would tidy the path up before it is sent.
  socket.end(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${store.port}\r\nConnection: close\r\n\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  expect(answer).toMatch(/^HTTP\/1\.1 (400|401|404) /)
  expect(answer).not.toContain('hidden words')
})
