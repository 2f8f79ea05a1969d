import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import express, { type Express, type Request, type Response } from 'express'
import type { Rule } from '../core/gate.ts'
import { failureOf, securityHeaders } from './answers.ts'
import { addressOf, type Gatekeeper } from './gatekeeper.ts'
import type { ApiAnswer, ApiRequest, Route } from './route.ts'

/** What is served to everyone: the page holds no data until its token opens the API. */
export const STATIC_RULES: readonly Rule[] = [
  { method: 'GET', path: '/', scope: 'open' },
  { method: 'GET', path: '/favicon.svg', scope: 'open' },
  { method: 'GET', path: '/favicon.ico', scope: 'open' },
  { method: 'GET', path: '/assets/:file', scope: 'open' },
]

const YEAR_S = 365 * 24 * 60 * 60
const NO_PAGE = 'The page is not built. The API is under /api.\n'

export interface HttpOptions {
  readonly routes: readonly Route[]
  readonly gatekeeper: Gatekeeper
  /** Folder of the built page. */
  readonly webDir: string
  report(line: string): void
}

const requestOf = (request: Request): ApiRequest => ({
  method: request.method,
  params: request.params as Record<string, string>,
  query: new URLSearchParams(request.url.split('?', 2)[1] ?? ''),
  header: (name) => request.get(name),
  bytes: request,
  address: addressOf(request),
})

async function sendAnswer(answer: ApiAnswer, response: Response): Promise<void> {
  response.status(answer.status).set({ ...answer.headers })
  if ('json' in answer) response.json(answer.json)
  else if (answer.bytes === null) response.end()
  else await pipeline(answer.bytes, response)
}

/** Answers an error. A body that is still coming is not waited for. */
function sendFailure(
  error: unknown,
  request: IncomingMessage,
  response: Response,
  report: (line: string) => void,
): void {
  const failure = failureOf(error)
  const aborted = request.destroyed && !request.complete
  if (failure.status >= 500 && !aborted) report(error instanceof Error ? (error.stack ?? error.message) : String(error))
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (!request.complete) response.set('connection', 'close')
  if (failure.status === 429) response.set('retry-after', '60')
  response.status(failure.status).json({ error: failure.error })
}

/** The HTTP side: one gate, then the routes, then the page's files; what is left does not exist. */
export function createHttp({ routes, gatekeeper, webDir, report }: HttpOptions): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', false)
  app.enable('case sensitive routing').enable('strict routing')
  app.use((request, response, next) => {
    const host = request.headers.host?.toLowerCase() ?? ''
    response.set(securityHeaders(gatekeeper.policy.hosts.has(host) ? host : null))
    gatekeeper.pass(request, false)
    next()
  })
  for (const route of routes) {
    const handler = async (request: Request, response: Response) =>
      sendAnswer(await route.handle(requestOf(request)), response)
    const method = route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'
    app[method](route.path, handler)
  }
  servePage(app, gatekeeper, webDir)
  app.use((error: unknown, request: Request, response: Response, _next: unknown) =>
    sendFailure(error, request, response, report),
  )
  return app
}

function servePage(app: Express, gatekeeper: Gatekeeper, webDir: string): void {
  app.get('/', (request, response) => {
    const token = requestOf(request).query.get('token')
    if (token !== null) {
      gatekeeper.exchange(token, addressOf(request))
      response.cookie(gatekeeper.cookieName, token, {
        httpOnly: true,
        sameSite: 'strict',
        path: '/',
        maxAge: YEAR_S * 1000,
      })
      response.redirect(303, '/')
      return
    }
    response.sendFile(join(webDir, 'index.html'), { cacheControl: false }, (error) => {
      if (error && !response.headersSent) response.status(404).type('text/plain').send(NO_PAGE)
    })
  })
  // Vite names these files by their content.
  const files = { index: false, redirect: false, dotfiles: 'ignore', cacheControl: false } as const
  const forEver = (response: Response) => response.set('cache-control', `public, max-age=${YEAR_S}, immutable`)
  app.use('/assets', express.static(join(webDir, 'assets'), { ...files, setHeaders: forEver }))
  app.use(express.static(webDir, files))
  app.use((request, response) => {
    const path = request.url.split('?', 1)[0]?.slice(0, 100)
    response.status(404).json({ error: { code: 'E_NOT_FOUND', message: `no such path: ${path}` } })
  })
}
